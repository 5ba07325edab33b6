"""What does less than it should is late, what does nothing is bad."""

from __future__ import annotations

from kit.statuses import camera

from surveil.domain import CameraState, Reason
from surveil.web.pages.moods import mood_of


def test_moods() -> None:
    assert mood_of(camera()) == "live"
    assert mood_of(camera(is_degraded=True)) == "late"
    assert mood_of(camera(state=CameraState.CONNECTING)) == "late"
    assert mood_of(camera(state=CameraState.STALLED, reason=Reason.TIMEOUT)) == "bad"
    assert mood_of(camera(state=CameraState.STOPPED, reason=Reason.STREAM_ENDED)) == "live"
