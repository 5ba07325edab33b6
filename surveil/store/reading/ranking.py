"""Which cameras saw most of an expression, over a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.domain import Emotion
from surveil.store.reading.timelines import list_cameras
from surveil.store.scope import Scope
from surveil.store.tables import COVERAGES, TIMELINES

MINUTE_S, HOUR_S = 60, 3600
FINE_FOR = timedelta(days=2)
"""Longer spans are read by the hour."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One camera.

    Attributes:
        camera: Its id.
        share: Part of its votes that the expression has, 0..1.
        votes: All of its votes; one for each face and interval.
        coverage: Part of the span that was analysed, 0..1.
    """

    camera: str
    share: float
    votes: int
    coverage: float


def rank_cameras(
    connection: sa.Connection,
    scope: Scope,
    emotion: Emotion,
    *,
    from_at: datetime,
    to_at: datetime,
    least_votes: int,
    limit: int,
) -> list[Ranked]:
    """Return the cameras with the highest share of an expression, the highest first.

    Whole minutes that begin in the span count, of spans beyond two days whole hours. Two queries,
    however many cameras there are.

    Args:
        connection: Of one transaction.
        scope: Which cameras may be read.
        emotion: The expression.
        from_at: Start of the span, UTC.
        to_at: Its end, UTC.
        least_votes: A camera with fewer says too little to be ranked; at least 1.
        limit: How many at most.
    """
    size_s = MINUTE_S if to_at - from_at <= FINE_FOR else HOUR_S
    t, c = TIMELINES[size_s].c, COVERAGES[size_s].c
    ids = list_cameras(connection, scope)
    counted = sa.func.sum(t.votes)
    wanted = sa.func.sum(sa.case((t.emotion == emotion.value, t.votes), else_=0))
    within = (t.camera_id.in_(ids), t.bucket_at >= from_at, t.bucket_at < to_at)
    query = sa.select(t.camera_id, counted.label("votes"), wanted.label("wanted")).where(*within)
    query = query.group_by(t.camera_id).having(counted >= max(least_votes, 1))
    rows = connection.execute(query).all()
    analysed = sa.select(c.camera_id, sa.func.sum(c.analysed_s).label("analysed_s")).where(
        c.camera_id.in_([row.camera_id for row in rows]),
        c.bucket_at >= from_at,
        c.bucket_at < to_at,
    )
    covered = {
        row.camera_id: float(row.analysed_s)
        for row in connection.execute(analysed.group_by(c.camera_id))
    }
    seconds = max((to_at - from_at).total_seconds(), 1.0)
    found = [
        Ranked(
            row.camera_id,
            int(row.wanted) / int(row.votes),
            int(row.votes),
            min(1.0, covered.get(row.camera_id, 0.0) / seconds),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.share, one.camera))[:limit]
