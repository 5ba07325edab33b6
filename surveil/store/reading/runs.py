"""Runs, and whether all of their events are stored."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from surveil.store.scope import Scope
from surveil.store.tables import camera_event, interval, observation


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How much is stored.

    ``uneven`` are runs in which ``max(seq)`` differs from the count of events: lost or stored
    twice.
    """

    runs: int
    events: int
    observations: int
    uneven: tuple[str, ...]


def count_runs(connection: sa.Connection, scope: Scope) -> RunCounts:
    """Count all that is stored; meant for a database that holds hours, not months."""
    every = sa.union_all(
        *(
            sa.select(table.c.run_id, table.c.seq).where(scope.admits(table.c.camera_id))
            for table in (interval, camera_event)
        )
    ).subquery()
    query = sa.select(
        every.c.run_id, sa.func.count().label("events"), sa.func.max(every.c.seq).label("last_seq")
    ).group_by(every.c.run_id)
    rows = connection.execute(query).all()
    observations = connection.scalar(
        sa.select(sa.func.count())
        .select_from(observation)
        .where(scope.admits(observation.c.camera_id))
    )
    return RunCounts(
        runs=len(rows),
        events=sum(row.events for row in rows),
        observations=observations or 0,
        uneven=tuple(row.run_id for row in rows if row.events != row.last_seq),
    )
