"""``/api/v1/cameras``, ``/fleet`` and ``/health``: how each camera and the whole stand."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from surveil.errors import UnavailableError
from surveil.live.status import CameraStatus, DaemonStatus, Health
from surveil.store.engine import reading
from surveil.store.reading import load_evaluation
from surveil.web.api.routing import CameraId, make_router
from surveil.web.site import Site
from surveil.web.viewer import Viewer, missing_camera
from surveil.web.wiring import Looks, Shared

router = make_router("fleet")


class HealthOut(BaseModel):
    """How the daemon and the database stand; answered whatever is away.

    ``health`` is null where no daemon answers, which ``troubles`` then says.
    """

    health: Health | None
    troubles: list[str] = Field(examples=[["camera lobby is offline: refused"]])
    database: Literal["up", "away"]


@router.get("/health")
def health(site: Shared, viewer: Looks) -> HealthOut:
    """Return how the daemon and the database stand."""
    status = site.standing(viewer.scope).status
    troubles = list(status.troubles) if status else ["no daemon answers"]
    is_up = True
    try:
        with reading(site.database) as connection:
            load_evaluation(connection, viewer.scope)
    except UnavailableError:
        is_up = False
        troubles.append("the database is away")
    return HealthOut(
        health=status.health if status else None,
        troubles=troubles,
        database="up" if is_up else "away",
    )


@router.get("/fleet")
def fleet(site: Shared, viewer: Looks) -> DaemonStatus:
    """Return how the daemon stands; of one who may not see all cameras, their cameras alone."""
    return _ask(site, viewer)


@router.get("/cameras")
def list_all(site: Shared, viewer: Looks) -> list[CameraStatus]:
    """Return the cameras that whoever asks may see, by id, as the daemon tells them."""
    return list(_ask(site, viewer).cameras)


@router.get("/cameras/{camera}")
def show(
    site: Shared, viewer: Looks, camera: Annotated[CameraId, Path(examples=["lobby"])]
) -> CameraStatus:
    """Return one camera, as the daemon tells it."""
    for one in _ask(site, viewer).cameras:
        if one.camera == camera:
            return one
    raise missing_camera(site.fleet.cameras, viewer, camera)


def _ask(site: Site, viewer: Viewer) -> DaemonStatus:
    standing = site.standing(viewer.scope)
    if standing.status is None:
        why = standing.absent.why if standing.absent else "unknown"
        raise UnavailableError(f"no daemon answers: {why}")
    return standing.status
