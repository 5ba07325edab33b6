"""Who comes without a key, and what is told of what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.statuses import daemon
from kit.web import MINE, OTHER, Dashboard, dashboard_of, fill, routes_of

from surveil.errors import UnavailableError
from surveil.store.access import KeyKind, Role
from surveil.store.audit import load_audit
from surveil.store.engine import reading
from surveil.web.witness import MOST_REFUSALS

OPEN_TO_ALL = {"/login", "/open/{link}", "/logout"}
"""Routes that ask for no key: those by which one is had or given up."""


def test_every_other_route_asks_who_it_is(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client()
    for route in routes_of(client):
        if route.path in OPEN_TO_ALL:
            continue
        for method in route.methods or {"GET"}:
            path = route.path.replace("{", "").replace("}", "")
            answer = client.request(method, path, follow_redirects=False)
            if path.startswith("/api/"):
                assert answer.status_code == 401, path
                assert answer.headers["content-type"] == "application/problem+json"
            else:
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/login?then=/")


def test_viewer_of_one_camera_is_shown_that_camera(dashboard: Dashboard) -> None:
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    for path in ("/", "/fleet/tiles", "/api/v1/cameras"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert MINE in answer.text
        assert OTHER not in answer.text, path


def test_token_is_for_programs_and_session_for_browsers(sqlite_dashboard: Dashboard) -> None:
    token = sqlite_dashboard.key(kind=KeyKind.TOKEN, name="bot")
    session = sqlite_dashboard.key()
    path = "/api/v1/cameras"
    for key, status in ((token, 200), (session, 401), ("", 401)):
        bearer = {"authorization": f"Bearer {key}"}
        assert sqlite_dashboard.client().get(path, headers=bearer).status_code == status
    assert sqlite_dashboard.client(token).get(path).status_code == 401
    assert sqlite_dashboard.client(session).get(path).status_code == 200


def test_daemon_that_is_away_is_said_to_be(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = UnavailableError("http 127.0.0.1:9464: connection refused")
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    answer = client.get("/api/v1/cameras")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "connection refused" in answer.json()["detail"]
    page = client.get("/")
    assert page.status_code == 200
    assert "connection refused" in page.text


def test_mistake_of_ours_says_nothing_of_itself(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    sqlite_dashboard.status = RuntimeError("hunter2")
    answer = client.get("/api/v1/cameras")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_unchanged_part_costs_nothing(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    tag = client.get("/fleet/tiles").headers["etag"]
    again = client.get("/fleet/tiles", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_database_that_is_away_is_told_and_comes_back(
    sqlite_database: sa.Engine, tmp_path: Path
) -> None:
    dashboard = dashboard_of(sqlite_database)
    fill(sqlite_database)
    client = dashboard.client(dashboard.key())
    path = "/api/v1/alerts"
    assert client.get(path).status_code == 200
    file = Path(str(sqlite_database.url.database))
    aside = tmp_path / "aside.db"
    file.rename(aside)
    for _ in range(3):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
    assert client.get("/api/v1/health").json()["database"] == "away"
    assert client.get("/api/v1/cameras").status_code == 200  # the daemon tells, without SQL
    part = client.get(f"/cameras/{MINE}/state", headers={"hx-request": "true"})
    assert part.status_code == 503  # htmx keeps what the page had
    file.unlink(missing_ok=True)
    aside.rename(file)
    assert client.get(path).status_code == 200


def audit_of(database: sa.Engine) -> list[tuple[str, str, str]]:
    with reading(database) as connection:
        rows = load_audit(connection, limit=100)[::-1]
    return [(row.actor, row.action, row.subject) for row in rows]


def test_what_was_refused_is_written_down(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    before = len(audit_of(dashboard.database))
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    client.get(f"/api/v1/cameras/{OTHER}")
    client.get("/api/v1/cameras/nobody")  # no such camera: a mistake, no attempt
    client.post("/api/v1/silences", json={"camera": MINE, "for": "1h", "comment": "x"})
    bearer = {"authorization": "Bearer hunter2hunter2"}
    dashboard.client().get("/api/v1/cameras", headers=bearer)
    dashboard.client().get("/api/v1/cameras")  # has not tried yet
    dashboard.client().post("/login", data={"name": "eve", "password": "hunter2"})
    dashboard.client().post("/open/hunter2")
    somebody = "somebody at testclient"
    rows = audit_of(dashboard.database)[before:]
    assert rows == [
        ("ann", "refuse", f"GET /api/v1/cameras/{OTHER}"),
        ("ann", "refuse", "POST /api/v1/silences"),
        (somebody, "refuse", "GET /api/v1/cameras"),
        (somebody, "refuse", "POST /login"),
        (somebody, "refuse", "POST /open/…"),
    ]


def test_nobody_fills_the_audit_log_by_being_refused(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER, (MINE,)))
    for _ in range(MOST_REFUSALS + 5):
        assert client.get(f"/api/v1/cameras/{OTHER}").status_code == 404
    assert len(audit_of(sqlite_dashboard.database)) <= MOST_REFUSALS + 1


def test_figures_that_leave_are_written_down(sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    assert client.get(f"/cameras/{MINE}/timeline.csv").status_code == 200
    assert ("ann", "export", f"camera {MINE}") in audit_of(sqlite_dashboard.database)


def test_host_without_cameras_shows_what_sql_knows(sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    sqlite_dashboard.status = replace(daemon(), roles=("web",))
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    page = client.get("/").text
    assert "watches no cameras" in page
    assert MINE in page
    assert client.get("/api/v1/cameras").status_code == 503
