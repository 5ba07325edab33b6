"""Who comes without a key, and what is told of what goes wrong."""

from __future__ import annotations

import pytest
from kit.web import MINE, OTHER, Dashboard

from surveil.errors import UnavailableError
from surveil.store.access import KeyKind, Role

OPEN_TO_ALL = {"/login", "/open/{link}", "/logout", "/static"}
"""Routes that ask for no key: those by which one is had, and files that hold no data."""


def test_every_other_route_asks_who_it_is(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client()
    asked = 0
    for route in client.app.routes:  # type: ignore[attr-defined]
        path = getattr(route, "path", "")
        if path in OPEN_TO_ALL or path.endswith("openapi.json"):
            continue
        for method in getattr(route, "methods", None) or {"GET"}:
            answer = client.request(
                method, path.replace("{", "").replace("}", ""), follow_redirects=False
            )
            asked += 1
            if path.startswith("/api/"):
                assert answer.status_code == 401, path
                assert answer.headers["content-type"] == "application/problem+json"
            else:
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/login?then=/")
    assert asked


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
