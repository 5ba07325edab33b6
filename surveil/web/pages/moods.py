"""How a camera's state is coloured, on all pages alike. Pure."""

from __future__ import annotations

from surveil.domain import CameraState
from surveil.live.status import CameraStatus, is_beginning, is_well


def mood_of(camera: CameraStatus) -> str:
    """Return ``live``, ``late`` (it does less than it should) or ``bad`` (it does nothing)."""
    if is_well(camera):
        return "live"
    return "late" if is_beginning(camera) or camera.state is CameraState.LIVE else "bad"
