"""The overview says how each camera stands, as the daemon does, and nothing else."""

from __future__ import annotations

import pytest
from kit.statuses import camera, daemon
from kit.web import MINE, OTHER, Dashboard

from surveil.domain import CameraState, Reason
from surveil.errors import UnavailableError

HOSTILE = "<script>alert(1)</script>\u202e\x9b"


def test_tiles_say_what_the_daemon_says(sqlite_dashboard: Dashboard) -> None:
    off = camera(OTHER, state=CameraState.OFFLINE, reason=Reason.AUTH_FAILED, faces=None)
    sqlite_dashboard.status = daemon(camera(MINE, faces=1), off)
    page = sqlite_dashboard.client(sqlite_dashboard.key()).get("/").text
    assert "1 face ·" in page
    assert "auth-failed" in page
    assert "camera vault is offline: auth-failed" in page
    assert "1 of 2" in page
    assert "faces unknown" in page  # not 0


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", {MINE, OTHER}), ("?name=lob", {MINE}), ("?state=trouble", {OTHER}),
     ("?state=live", {MINE}), ("?label=x", set())],
)  # fmt: skip
def test_tiles_are_those_asked_for(
    sqlite_dashboard: Dashboard, query: str, shown: set[str]
) -> None:
    off = camera(OTHER, state=CameraState.OFFLINE, reason=Reason.TIMEOUT)
    sqlite_dashboard.status = daemon(camera(MINE), off)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    page = client.get(f"/fleet/tiles{query}").text
    assert {name for name in (MINE, OTHER) if f'href="/cameras/{name}"' in page} == shown


def test_text_of_others_is_shown_and_not_obeyed(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = daemon(
        camera(MINE, state=CameraState.OFFLINE, reason=Reason.TIMEOUT, detail=HOSTILE)
    )
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    for page in (client.get("/").text, client.get("/", params={"name": HOSTILE}).text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_daemon_that_is_away_leaves_what_was_last_known(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = UnavailableError("http 127.0.0.1:9464: connection refused")
    page = sqlite_dashboard.client(sqlite_dashboard.key()).get("/").text
    assert "No daemon answers: http 127.0.0.1:9464: connection refused" in page
