"""Time that nobody analysed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.store.scope import Scope
from surveil.store.tables import gap


@dataclass(frozen=True, slots=True)
class GapRow:
    """One stretch of time of one camera; ``frames_lost`` were sampled in it, but not analysed."""

    camera: str
    from_at: datetime
    to_at: datetime
    reason: str
    frames_lost: int

    @property
    def lasted_s(self) -> float:
        return (self.to_at - self.from_at).total_seconds()


def load_gaps(
    connection: sa.Connection,
    scope: Scope,
    *,
    since_at: datetime,
    limit: int,
    until_at: datetime | None = None,
    camera: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[GapRow]:
    """Return the first gaps that touch a span of time, in order of time.

    Args:
        connection: Of one transaction.
        scope: Whose gaps are seen.
        since_at: Start of the span.
        limit: How many at most.
        until_at: End of the span; None for whatever comes.
        camera: Of one camera, or None for all.
        after: ``from_at`` and ``camera`` of the last one seen already, or None to begin.
    """
    query = sa.select(gap).where(scope.admits(gap.c.camera_id), gap.c.to_at > since_at)
    if until_at is not None:
        query = query.where(gap.c.from_at < until_at)
    if camera is not None:
        query = query.where(gap.c.camera_id == camera)
    if after is not None:
        at, last = after
        same = sa.and_(gap.c.from_at == at, gap.c.camera_id > last)
        query = query.where(sa.or_(gap.c.from_at > at, same))
    query = query.order_by(gap.c.from_at, gap.c.camera_id).limit(limit)
    return [
        GapRow(row.camera_id, row.from_at, row.to_at, row.reason, row.frames_lost)
        for row in connection.execute(query)
    ]
