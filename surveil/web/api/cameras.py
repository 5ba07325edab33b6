"""``/api/v1/cameras``: how each camera stands."""

from __future__ import annotations

from fastapi import APIRouter

from surveil.errors import UnavailableError
from surveil.live.status import CameraStatus
from surveil.web.wiring import Looks, Shared

router = APIRouter(prefix="/api/v1", tags=["cameras"])


@router.get("/cameras")
def list_all(site: Shared, viewer: Looks) -> list[CameraStatus]:
    """Return the cameras that whoever asks may see, by id, as the daemon tells them."""
    standing = site.standing(viewer.scope)
    if standing.status is None:
        why = standing.absent.why if standing.absent else "unknown"
        raise UnavailableError(f"no daemon answers: {why}")
    return list(standing.status.cameras)
