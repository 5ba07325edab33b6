"""The last minutes of all cameras at once, for an overview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from surveil.domain import EMOTIONS
from surveil.store.reading.timelines import list_cameras
from surveil.store.scope import Scope
from surveil.store.tables import COVERAGES, TIMELINES

MINUTE_S = 60
MOST_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of one camera.

    Attributes:
        at: Its start, UTC.
        coverage: Part of it that was analysed, 0..1; of one that is not over, of all 60 s.
        reason: Why most of the rest was not; None where nothing is missing, or nobody knows yet.
        votes: By emotion, in the order of ``EMOTIONS``.
    """

    at: datetime
    coverage: float
    reason: str | None
    votes: tuple[int, ...]


def load_strips(
    connection: sa.Connection, scope: Scope, *, now: datetime, minutes: int
) -> Mapping[str, tuple[Minute, ...]]:
    """Return the last minutes of each camera of which anything is stored in them, oldest first.

    Three queries, however many cameras there are.

    Args:
        connection: Of one transaction.
        scope: Which cameras may be read.
        now: The present; its minute is the last one.
        minutes: How many, at most :data:`MOST_MINUTES`.
    """
    count = min(max(minutes, 1), MOST_MINUTES)
    this = now.replace(second=0, microsecond=0)
    starts = [this - timedelta(minutes=i) for i in reversed(range(count))]
    timeline, coverage = TIMELINES[MINUTE_S], COVERAGES[MINUTE_S]
    seen: dict[str, dict[datetime, tuple[float, str | None]]] = {}
    votes: dict[tuple[str, datetime], tuple[int, ...]] = {}
    # By camera, since the keys of both tables begin with it.
    ids = list_cameras(connection, scope)
    c = coverage.c
    covered = sa.select(c.camera_id, c.bucket_at, c.analysed_s, c.reason)
    for row in connection.execute(covered.where(c.camera_id.in_(ids), c.bucket_at >= starts[0])):
        part = min(1.0, row.analysed_s / MINUTE_S)
        seen.setdefault(row.camera_id, {})[row.bucket_at] = (part, row.reason)
    t = timeline.c
    sums = (
        sa.func.sum(sa.case((t.emotion == emotion.value, t.votes), else_=0)) for emotion in EMOTIONS
    )
    counted = sa.select(t.camera_id, t.bucket_at, *sums).group_by(t.camera_id, t.bucket_at)
    for id_, at, *counts in connection.execute(
        counted.where(t.camera_id.in_(ids), t.bucket_at >= starts[0])
    ):
        votes[id_, at] = tuple(map(int, counts))
    nothing = (0,) * len(EMOTIONS)
    return {
        id_: tuple(
            Minute(at, *minutes_of.get(at, (0.0, None)), votes.get((id_, at), nothing))
            for at in starts
        )
        for id_, minutes_of in sorted(seen.items())
    }
