"""Pictures are for whoever may see the camera, where they may be shown; who looked is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from kit.web import MINE, OTHER, Dashboard
from starlette.types import Message

from surveil.domain import Frame
from surveil.live import ReadingsRing
from surveil.live.frames import STALE_S, LiveCamera, LiveViews
from surveil.policy import LiveView
from surveil.sources.ring import FrameRing
from surveil.store.access import Role
from surveil.store.audit import load_audit
from surveil.store.engine import reading
from surveil.web.pages import live
from surveil.web.pages.live import LiveStream
from surveil.web.problems import UnauthenticatedError
from surveil.web.tally import NoTally
from surveil.web.viewer import Viewer

RUN = "01JD0000000000000000000000"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    found = FrameRing.create()
    found.begin_run(RUN, AT)
    yield found
    found.close()


@pytest.fixture
def readings() -> Iterator[ReadingsRing]:
    found = ReadingsRing.create()
    yield found
    found.close()


@pytest.fixture
def views(ring: FrameRing, readings: ReadingsRing) -> LiveViews:
    return LiveViews(
        {MINE: LiveView.CLEAR, OTHER: LiveView.OFF},
        [LiveCamera(MINE, LiveView.CLEAR, ring, readings)],
    )


def put(ring: FrameRing, index: int) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    ring.put(Frame(MINE, RUN, index, AT, time.monotonic(), image))


def read(
    views: LiveViews, look_again: Callable[[], Viewer], *, until: Callable[[bytes], bool]
) -> bytes:
    """Read pictures until they are enough or the answer ends; then go."""
    gone = asyncio.Event()
    got = bytearray()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        got.extend(message.get("body", b""))
        if until(bytes(got)):
            gone.set()

    stream = LiveStream(views.watch(MINE), look_again, NoTally())
    asyncio.run(asyncio.wait_for(stream({"type": "http"}, receive, send), 60))
    return bytes(got)


def allow(board: Dashboard) -> Callable[[], Viewer]:
    key = board.key()

    def look() -> Viewer:
        viewer = board.guard.find(key)
        assert viewer is not None
        return viewer

    return look


def test_pictures_come_until_the_client_goes(
    sqlite_dashboard: Dashboard, ring: FrameRing, views: LiveViews
) -> None:
    put(ring, 1)
    got = read(views, allow(sqlite_dashboard), until=lambda body: b"image/jpeg" in body)
    assert b"\xff\xd8" in got
    assert views.watching == 0


def test_no_picture_is_said(
    sqlite_dashboard: Dashboard, views: LiveViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STALE_S", STALE_S / 100)
    got = read(views, allow(sqlite_dashboard), until=lambda body: b"image/jpeg" in body)
    assert b"\xff\xd8" in got


def test_pictures_end_with_the_session(views: LiveViews, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "FRESH_S", 0.0)

    def nobody() -> Viewer:
        raise UnauthenticatedError("the session is over")

    assert b"image/jpeg" not in read(views, nobody, until=lambda _: False)
    assert views.watching == 0


def test_what_is_off_or_elsewhere_or_anothers_is_not_shown(
    sqlite_dashboard: Dashboard, views: LiveViews
) -> None:
    board = sqlite_dashboard
    board.site.live = views
    everybody = board.client(board.key())
    assert everybody.get(f"/cameras/{OTHER}/live").status_code == 404
    board.site.live = LiveViews({MINE: LiveView.CLEAR})
    assert everybody.get(f"/cameras/{MINE}/live").status_code == 503
    board.site.live = views
    other = board.client(board.key(Role.VIEWER, (OTHER,), name="bob"))
    assert other.get(f"/cameras/{MINE}/live").status_code == 404
    with reading(board.database) as connection:
        rows = load_audit(connection, limit=50)
    assert not [row for row in rows if row.action == "watch"]
    assert [row.actor for row in rows if row.action == "refuse"] == ["bob"]


def test_who_watches_is_written_down(
    sqlite_dashboard: Dashboard, views: LiveViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = sqlite_dashboard
    board.site.live = views

    async def nothing(self: LiveStream, *_: object) -> None:
        return

    monkeypatch.setattr(LiveStream, "pour", nothing)
    answer = board.client(board.key()).get(f"/cameras/{MINE}/live")
    assert answer.headers["cache-control"] == "no-store"
    with reading(board.database) as connection:
        (row,) = [row for row in load_audit(connection, limit=50) if row.action == "watch"]
    assert (row.actor, row.subject) == ("ann", f"camera {MINE}")
    assert views.watching == 0
