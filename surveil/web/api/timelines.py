"""``/api/v1/timelines`` and ``/gaps``: what was seen, and when nobody looked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.store.reading import Bucket, GapRow, list_cameras, load_gaps, read_timeline
from surveil.web.api.routing import (
    CameraId,
    Cursor,
    Instant,
    Limit,
    Page,
    make_router,
    page_of,
    read_cursor,
)
from surveil.web.pieces import edges_of
from surveil.web.problems import BadRequestError
from surveil.web.spans import read_bucket_s, read_zone
from surveil.web.viewer import missing_camera
from surveil.web.wiring import Reading, Reads

MOST_CAMERAS = 50
_EXAMPLE_AT = "2026-03-01T12:00:00Z"

router = make_router("timelines")


class BucketOut(BaseModel):
    """One camera in one span of time.

    ``coverage`` is the part of it that was analysed, 0 to 1, and ``reason`` says why most of the
    rest was not. ``shares`` are parts of all votes (one for each face and interval); ``scores`` and
    ``confidences`` are means. They are null where nobody was seen, which is not zero.
    """

    from_at: datetime
    to_at: datetime
    coverage: float = Field(examples=[0.98])
    reason: str | None = Field(examples=["stalled"])
    votes: dict[str, int] = Field(examples=[{"happy": 41, "neutral": 9}])
    shares: dict[str, float | None] = Field(examples=[{"happy": 0.82, "neutral": 0.18}])
    scores: dict[str, float | None]
    confidences: dict[str, float | None]


class TimelineOut(BaseModel):
    """One camera's buckets, in order of time."""

    camera: str = Field(examples=["lobby"])
    buckets: list[BucketOut]


@router.get("/timelines")
def timelines(
    reads: Reads,
    from_: Annotated[Instant, Query(alias="from", examples=[_EXAMPLE_AT])],
    to: Annotated[Instant, Query(examples=["2026-03-01T13:00:00Z"])],
    camera: Annotated[
        list[CameraId],
        Query(max_length=MOST_CAMERAS, description="May be repeated; without it: all, if few."),
    ] = [],  # noqa: B006
    bucket: Annotated[
        str, Query(max_length=20, description="Length of a bucket.", examples=["5m"])
    ] = "5m",
    tz: Annotated[
        str, Query(max_length=64, description="Whose midnights divide days.", examples=["UTC"])
    ] = "UTC",
) -> list[TimelineOut]:
    """Return timelines, bucket by bucket, with their coverage."""
    cameras = _choose(reads, camera)
    edges = edges_of(from_, to, read_bucket_s(bucket), read_zone(tz, "tz"), cameras=len(cameras))
    return [
        TimelineOut(camera=one, buckets=[_bucket(b) for b in _read(reads, one, edges)])
        for one in cameras
    ]


def _choose(reads: Reading, asked: list[str]) -> list[str]:
    known = list_cameras(reads.connection, reads.scope)
    chosen = list(dict.fromkeys(asked)) or known
    for one in chosen:
        if one not in known:
            raise missing_camera(reads.site.fleet.cameras, reads.viewer, one)
    if len(chosen) > MOST_CAMERAS:
        raise BadRequestError(f"camera: name some, {MOST_CAMERAS} at most; there are {len(known)}")
    return chosen


def _read(reads: Reading, camera: str, edges: list[datetime]) -> list[Bucket]:
    try:
        return read_timeline(reads.connection, reads.scope, camera, edges, reads.site.now())
    except ConfigError as error:  # seconds that retention has deleted
        raise BadRequestError(str(error)) from None


def _bucket(one: Bucket) -> BucketOut:
    names = [emotion.value for emotion in EMOTIONS]
    return BucketOut(
        from_at=one.from_at,
        to_at=one.to_at,
        coverage=one.coverage,
        reason=one.reason,
        votes=dict(zip(names, one.votes, strict=True)),
        shares=dict(zip(names, one.shares, strict=True)),
        scores=dict(zip(names, one.scores, strict=True)),
        confidences=dict(zip(names, one.confidences, strict=True)),
    )


@router.get("/gaps")
def gaps(
    reads: Reads,
    from_: Annotated[Instant, Query(alias="from", examples=[_EXAMPLE_AT])],
    to: Annotated[Instant | None, Query(examples=["2026-03-01T13:00:00Z"])] = None,
    camera: Annotated[CameraId | None, Query(examples=["lobby"])] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[GapRow]:
    """Return times that nobody analysed and that touch the span, in order of time."""
    rows = load_gaps(
        reads.connection,
        reads.scope,
        since_at=from_,
        until_at=to,
        camera=camera,
        after=read_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda row: (row.from_at, row.camera))
