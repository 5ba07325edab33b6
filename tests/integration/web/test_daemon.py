"""The dashboard of a real daemon: it shows a camera, streams, dies alone, and comes back."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from kit.daemons import MEDIA, Daemon
from kit.waiting import until

from surveil.store.access import KeyKind, Role, UserRow, make_key, put_user
from surveil.store.engine import connect, writing

LIMIT_S = 120.0


def address(daemon: Daemon) -> str:
    """Return where the newest dashboard listens."""
    lines = until(
        lambda: [one for one in daemon.lines() if one["event"] == "web.serving"], "web", LIMIT_S
    )
    return str(urlsplit(lines[-1]["url"]).netloc)


def make_token(daemon: Daemon) -> str:
    """Add a user of the one camera, as ``surveil user`` does."""
    tables = "select name from sqlite_master where name = 'web_user'"
    until(lambda: daemon.sql(tables), "tables", LIMIT_S)
    database = connect(f"sqlite:///{daemon.folder / 'var' / 'surveil.db'}")
    now = datetime.now(UTC)
    with writing(database) as connection:
        put_user(connection, UserRow("ann", "", Role.VIEWER, ("clip",), now))
        token = make_key(
            connection, KeyKind.TOKEN, "ann", role=Role.VIEWER, cameras=("*",), label="test",
            now=now, lifetime=timedelta(hours=1),
        )  # fmt: skip
    database.dispose()
    return token


def ask(daemon: Daemon, path: str, token: str) -> tuple[int, str]:
    """Return status and body; 0 while nobody listens."""
    connection = http.client.HTTPConnection(address(daemon), timeout=20)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def is_live(daemon: Daemon, token: str) -> bool:
    status, body = ask(daemon, "/api/v1/cameras", token)
    return status == 200 and [one["state"] for one in json.loads(body)] == ["live"]


@pytest.mark.timeout(400)
def test_the_dashboard_shows_a_camera_and_dies_alone(run_surveil: Callable[..., Daemon]) -> None:
    clip = {"source": f"file:{sorted(MEDIA.glob('*.mp4'))[0]}", "loop": True}
    daemon = run_surveil({"clip": clip}, "--log-format", "json", web={"port": 0})
    token = make_token(daemon)
    until(lambda: is_live(daemon, token), "a live camera", LIMIT_S)
    assert ask(daemon, "/", token)[0] == 200

    stream = http.client.HTTPConnection(address(daemon), timeout=60)
    stream.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
    answer = stream.getresponse()
    assert answer.getheader("content-type", "").startswith("text/event-stream")
    lines = [answer.readline().decode() for _ in range(4)]
    assert lines[2] == "event: camera\n"
    assert json.loads(lines[3].removeprefix("data: "))["camera"] == "clip"

    before = daemon.children()
    os.kill(before["web"], signal.SIGKILL)
    stream.close()
    until(lambda: daemon.children()["web"] != before["web"], "another dashboard", LIMIT_S)
    stored = daemon.sql("select count(*) from interval")
    until(lambda: is_live(daemon, token), "the camera again, by the same token", LIMIT_S)
    until(lambda: daemon.sql("select count(*) from interval") > stored, "events", LIMIT_S)
    after = daemon.children()
    assert {name: pid for name, pid in after.items() if name != "web"} == {
        name: pid for name, pid in before.items() if name != "web"
    }
    until(lambda: "surveil_web_requests_total" in daemon.http("/metrics")[1], "figures", LIMIT_S)
    assert daemon.end(60) == 0
