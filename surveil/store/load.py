"""How much is stored, and whether it is whole: for measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from surveil.store.tables import camera_event, dead_letter, interval, run, run_range

BYTES = "SELECT pg_database_size(current_database())"
SERVER = "SELECT CAST(split_part(pg_read_file('postmaster.pid'), chr(10), 1) AS integer)"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a database holds.

    Attributes:
        events: Rows of both kinds of events.
        lost: Numbers missing in runs.
        twice: Events stored more often than once.
        fenced: Dead letters because of a newer lease.
        bytes: Of the database; PostgreSQL alone tells.
        server_pid: Of the server, where it is on this machine and lets us know.
    """

    events: int = 0
    lost: int = 0
    twice: int = 0
    fenced: int = 0
    bytes: int = 0
    server_pid: int = 0


def measure_store(connection: sa.Connection) -> Stored:
    """Count what is stored."""

    def count(query: sa.Select[Any]) -> int:
        value: Any = connection.execute(query).scalar()
        return int(value or 0)

    stored = sum(
        count(sa.select(sa.func.count()).select_from(table)) for table in (interval, camera_event)
    )
    settled = count(sa.select(sa.func.sum(run_range.c.last_seq - run_range.c.first_seq + 1)))
    promised = count(sa.select(sa.func.sum(run.c.last_seq)))
    letters = count(
        sa.select(sa.func.count()).select_from(dead_letter).where(dead_letter.c.seq.is_not(None))
    )
    fenced = sa.select(sa.func.count()).select_from(dead_letter)
    on_postgres = connection.dialect.name == "postgresql"
    return Stored(
        events=stored,
        lost=promised - settled,
        twice=stored + letters - settled,
        fenced=count(fenced.where(dead_letter.c.reason.startswith("fenced"))),
        bytes=int(connection.execute(sa.text(BYTES)).scalar_one()) if on_postgres else 0,
        server_pid=int(connection.execute(sa.text(SERVER)).scalar_one()) if on_postgres else 0,
    )


def seen_since(connection: sa.Connection, tokens: Mapping[str, int]) -> set[str]:
    """Return those cameras that have a stored interval under a newer token than the one given."""
    query = (
        sa.select(run.c.camera_id, run.c.token)
        .where(run.c.camera_id.in_(sorted(tokens)))
        .where(sa.exists().where(interval.c.run_id == run.c.id))
    )
    return {row.camera_id for row in connection.execute(query) if row.token > tokens[row.camera_id]}
