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
    connection: sa.Connection, scope: Scope, *, since_at: datetime, limit: int
) -> list[GapRow]:
    """Return the first gaps that end after an instant, in order of time."""
    query = (
        sa.select(gap)
        .where(scope.admits(gap.c.camera_id), gap.c.to_at > since_at)
        .order_by(gap.c.from_at, gap.c.camera_id)
        .limit(limit)
    )
    return [
        GapRow(row.camera_id, row.from_at, row.to_at, row.reason, row.frames_lost)
        for row in connection.execute(query)
    ]
