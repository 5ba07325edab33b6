"""Hosts that share a fleet's cameras by shards: roles die, a whole host dies, nothing is lost."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psycopg
import pytest
from kit.daemons import MEDIA, Daemon
from kit.waiting import until
from sqlalchemy.engine import make_url

from surveil.events.embedded import EmbeddedRedis
from surveil.store.access import KeyKind, Role, UserRow, make_key, put_user
from surveil.store.engine import connect, writing
from surveil.workers.host.membership import shard_of

pytestmark = pytest.mark.timeout(400)

HERE, THERE = (next(f"cam-{n}" for n in range(99) if shard_of(f"cam-{n}", 2) == k) for k in (0, 1))
ALWAYS = {
    "name": "anybody",
    "by": "camera",
    "when": [{"health": "camera", "silent_for": "1h"}],
    "notify": ["ops"],
}


class SharedSql:
    """Asks the database that all hosts write to."""

    def __init__(self, url: str) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(plain, autocommit=True)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode()).fetchall()

    def analysed(self, camera: str, token: int = 1) -> int:
        """Return how many intervals of a camera have analysed frames, under one token."""
        return int(
            self.ask(
                "SELECT count(*) FROM interval i JOIN run r ON r.id = i.run_id WHERE analysed > 0"
                f" AND i.camera_id = '{camera}' AND r.token = {token}"
            )[0][0]
        )

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def sql(postgres_url: str) -> Iterator[SharedSql]:
    shared = SharedSql(postgres_url)
    yield shared
    shared.close()


Start = Callable[..., Daemon]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][1] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def start_host(
    tmp_path: Path, small_model: Path, redis_server: EmbeddedRedis, postgres_url: str
) -> Iterator[Start]:
    """Start ``surveil run`` in a folder of its own, on the servers that all share."""
    hosts: list[Daemon] = []

    def start(name: str, *options: str, **more: Any) -> Daemon:
        folder = tmp_path / name
        folder.mkdir()
        clip = f"file:{min(MEDIA.glob('*.mp4'))}"
        fleet = {
            "version": 1,
            "model": str(small_model),
            "redis": redis_server.url,
            "database": postgres_url,
            "http": {"port": 0},
            "web": {"enabled": False},
            "leases": {"ttl_s": 4},
            "defaults": {"loop": True, "sample_fps": 2},
            "cameras": {HERE: {"source": clip}, THERE: {"source": clip}},
            "rules": [ALWAYS],
            "receivers": {"ops": {"log": {}}},
            **more,
        }
        hosts.append(Daemon(folder, fleet, "--log-format", "json", "--host", name, *options))
        return hosts[-1]

    yield start
    for host in hosts:
        if host.process.poll() is None:
            host.process.kill()
            host.process.wait()
    # Workers drain first; what they still tell is not for the next test.
    left = [pid for host in hosts for pid in host.children().values()]
    until(lambda: not any(map(is_alive, left)), "the end of all workers")


def test_a_host_that_dies_is_followed_by_another_and_nothing_is_lost(
    start_host: Start, sql: SharedSql
) -> None:
    first = start_host("first", "--shard", "0/2")
    second = start_host("second", "--shard", "1/2", "--roles", "capture,inference,recorder,alerter")
    until(lambda: sql.analysed(HERE) and sql.analysed(THERE), "both shards")
    holder = "SELECT holder, token FROM lease WHERE subject = 'alerter:all' ORDER BY token DESC"
    (alerting, token), *_ = sql.ask(holder)
    victim = {"first": first, "second": second}[alerting]
    for role in ("recorder", "alerter"):
        os.kill(victim.children()[role], signal.SIGKILL)
    until(lambda: sql.ask(holder)[0][1] > token, "another alerter")
    before = sql.analysed(HERE)
    until(lambda: sql.analysed(HERE) > before, "another recorder, or the same")

    first.process.kill()
    third = start_host("third", "--shard", "0/2")
    until(lambda: sql.analysed(HERE, token=2), "a successor")
    gaps = sql.ask(f"SELECT reason FROM gap WHERE camera_id = '{HERE}'")
    assert ("host-lost",) in gaps
    assert third.end() == 0
    assert second.end() == 0
    ends = sql.ask("SELECT count(*) FROM lease WHERE released_at IS NULL AND expires_at > now()")
    assert ends == [(0,)]  # what an orderly end gives back, another can take at once
    for run, last, stored, distinct in sql.ask(
        "SELECT run_id, max(seq), count(*), count(DISTINCT seq) FROM (SELECT run_id, seq FROM"
        " interval UNION ALL SELECT run_id, seq FROM camera_event) e GROUP BY run_id"
    ):
        assert last == stored == distinct, run
    assert sql.ask("SELECT count(*) FROM dead_letter") == [(0,)]
    twice = (
        "SELECT rule, key, to_state, at FROM alert_transition GROUP BY 1,2,3,4 HAVING count(*)>1"
    )
    assert sql.ask(twice) == []


def test_a_shard_that_another_host_holds_is_left_alone(start_host: Start, sql: SharedSql) -> None:
    start_host("first", "--shard", "0/2")
    until(lambda: sql.analysed(HERE), "the shard's camera")
    twin = start_host("twin", "--shard", "0/2")
    until(lambda: any(line["event"] == "host.joined" for line in twin.lines()), "joined")
    before = sql.analysed(HERE)
    until(lambda: sql.analysed(HERE) > before + 3, "it goes on")
    assert sql.ask(f"SELECT DISTINCT holder FROM lease WHERE subject = '{HERE}'") == [("first",)]
    assert sql.analysed(THERE) == 0


def test_a_host_shows_its_own_cameras_live_and_leads_to_those_of_others(
    start_host: Start, sql: SharedSql, postgres_url: str
) -> None:
    web = {"port": 0, "host_url": "http://{host}.test:8808"}
    shown = {"web": web, "privacy": {"live_view": "clear"}}
    first = start_host("first", "--shard", "0/2", **shown)
    second = start_host("second", "--shard", "1/2", **shown)
    until(lambda: sql.analysed(HERE) and sql.analysed(THERE), "both shards")
    headers = {"Authorization": f"Bearer {token_of_a_viewer(postgres_url)}"}

    def page(host: Daemon, path: str) -> str:
        url = f"{address_of(host)}/cameras/{path}"
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=20) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""  # it is being renewed, or away

    image = f'src="/cameras/{HERE}/live"'
    # It begins before the camera comes, and is renewed when it has come.
    until(lambda: image in page(first, HERE), "a live view where the camera is")
    text = until(lambda: page(second, HERE), "a page where it is not")
    assert image not in text
    assert f'href="http://first.test:8808/cameras/{HERE}"' in text
    until(lambda: is_coloured(first_picture(address_of(first), headers)), "a picture")
    watched = sql.ask("SELECT DISTINCT subject FROM audit_log WHERE action = 'watch'")
    assert watched == [(f"camera {HERE}",)]


def address_of(host: Daemon) -> str:
    """Return the URL of a host's newest dashboard."""
    lines = until(lambda: [one for one in host.lines() if one["event"] == "web.serving"], "web")
    return str(lines[-1]["url"])


def token_of_a_viewer(url: str) -> str:
    database = connect(url)
    now = datetime.now(UTC)
    with writing(database) as connection:
        put_user(connection, UserRow("ann", "", Role.VIEWER, ("*",), now))
        token = make_key(
            connection, KeyKind.TOKEN, "ann", role=Role.VIEWER, cameras=("*",), label="test",
            now=now, lifetime=timedelta(hours=1),
        )  # fmt: skip
    database.dispose()
    return token


def first_picture(address: str, headers: dict[str, str]) -> bytes:
    """Return the first JPEG of a live view; nothing where it does not come."""
    request = urllib.request.Request(f"{address}/cameras/{HERE}/live", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as stream:
            while line := stream.readline(1000):
                if line.startswith(b"content-length:"):
                    stream.readline(1000)
                    return bytes(stream.read(int(line.partition(b":")[2])))
    except OSError:
        pass
    return b""


def is_coloured(jpeg: bytes) -> bool:
    """Return whether it is a frame, and not the grey picture that says there is none."""
    if not jpeg:
        return False
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return image is not None and int(np.ptp(image, axis=2).max()) > 50
