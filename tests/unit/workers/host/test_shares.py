"""What whoever watches live is shown from."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from surveil.config import Camera, Fleet
from surveil.workers.host.shares import LiveRings, shared_ring


def cameras(**views: str) -> dict[str, Camera]:
    fleet = {
        "cameras": {
            id_: {"source": "rtsp://127.0.0.1/x", "privacy": {"live_view": view}}
            for id_, view in views.items()
        }
    }
    return dict(Fleet.model_validate(fleet, context={"base": Path("/")}).cameras)


def test_cameras_that_may_be_watched_come_and_go_with_their_memory() -> None:
    live = LiveRings()
    with ExitStack() as stack:
        for camera in cameras(lobby="blurred", door="clear", vault="off").values():
            live.add(camera, stack.enter_context(shared_ring()), stack)
        assert set(live.frames) == set(live.readings) == {"lobby", "door"}
        told = live.descriptors()
        assert {*told["rings"].values(), *told["readings"].values()} == set(live.fds)
        assert live.changes == 2
        live.remove("lobby")
        live.remove("lobby")
        live.remove("vault")
        assert set(live.descriptors()["rings"]) == {"door"}
        assert (len(live.fds), live.changes) == (2, 3)
    assert (live.fds, live.frames, live.readings) == ([], {}, {})
