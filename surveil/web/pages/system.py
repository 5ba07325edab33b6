"""The system: processes, events on their way, what is dropped and what limits this host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from surveil.live.status import CameraStatus, DaemonStatus
from surveil.web.bundle import make_bundle
from surveil.web.pages.rendering import etag, render
from surveil.web.wiring import Administers, Looks, Shared
from surveil.web.witness import witness

router = APIRouter(include_in_schema=False, prefix="/system")

CAUSES = {
    "busy": "nobody took the frame in time: inference has too much to do",
    "stale": "the frame was too old when its turn came: inference has too much to do",
    "decode": "the picture could not be decoded: look at the stream and the network",
    "run-over": "the stream was opened again meanwhile",
    "fault": "a stage failed on that frame",
    "no-lease": "another host had the camera",
}


@router.get("")
def show(request: Request, site: Shared, viewer: Looks) -> Response:
    """The whole page."""
    standing = site.standing(viewer.scope)
    return render(request, "system.html", viewer, standing=standing, **_told(standing.status))


@router.get("/part")
def part(request: Request, site: Shared, viewer: Looks) -> Response:
    """What changes, as it is now."""
    standing = site.standing(viewer.scope)
    told = _told(standing.status)
    return etag(request, render(request, "system_part.html", viewer, standing=standing, **told))


@router.get("/support.zip")
def bundle(site: Shared, viewer: Administers) -> Response:
    """What somebody who helps needs to know."""
    standing = site.standing(viewer.scope)
    witness(site, viewer, "export", "support bundle")
    name = f"surveil-support-{site.now():%Y%m%dT%H%M%SZ}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    body = make_bundle(site.fleet, standing.status, standing.absent)
    return Response(body, headers=headers, media_type="application/zip")


def _told(status: DaemonStatus | None) -> dict[str, object]:
    cameras = status.cameras if status is not None else ()
    return {
        "drops": drops_of(cameras),
        "limits": limits_of(status) if status is not None else [],
        "causes": CAUSES,
    }


def drops_of(cameras: Sequence[CameraStatus]) -> list[tuple[str, int, str]]:
    """Return what was dropped by cause, most first, with the camera that has most of it."""
    total: Counter[str] = Counter()
    for camera in cameras:
        total.update(camera.dropped)
    return [
        (cause, count, max(cameras, key=lambda one: one.dropped.get(cause, 0)).camera)
        for cause, count in total.most_common()
        if count
    ]


def limits_of(status: DaemonStatus) -> list[str]:
    """Return what keeps this host from doing all that it is asked to, in words; often nothing."""
    said = []
    wanted = len(status.cameras)
    if status.carries is not None and any(one.is_degraded for one in status.cameras):
        said.append(
            f"Inference: it analyses {status.carries} cameras like these whole, and has {wanted}. "
            "Lower sample_fps, raise inference.workers, or add a host or GPU."
        )
    held = [one for one in status.workers if one.memory_bytes and one.ceiling_bytes]
    for one in held:
        if (one.memory_bytes or 0) > 0.9 * (one.ceiling_bytes or 1):
            said.append(
                f"Memory: {one.name} is near its ceiling, and is renewed when it gets there."
            )
    if status.flow.is_redis_up is False:
        said.append("Redis is away: events wait in the spool of this host.")
    if (status.flow.store_lag_s or 0) > 30:
        said.append("SQL: the recorder stores what happened more than 30 s ago.")
    return said
