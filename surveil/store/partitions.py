"""PostgreSQL's daily partitions of ``interval`` and ``observation``. On SQLite nothing happens.

The recorder creates a day's partitions before it stores the day's first event. Rows of days without
one go to the default partition, and move out of it when their day's is created.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

PARTITIONED = {"interval": "from_at", "observation": "observed_at"}
"""The partitioned tables, and the instant whose UTC day a row belongs to."""
_NAME = re.compile(r"^(?:interval|observation)_p(\d{8})$")


def ensure_partitions(connection: sa.Connection, days: Iterable[date]) -> None:
    """Create the partitions of some UTC days where they are missing.

    Takes a lock that conflicts with every other use of the tables, for the milliseconds it needs:
    call it in a transaction of its own.
    """
    if connection.dialect.name != "postgresql":
        return
    for table, column in PARTITIONED.items():
        existing = _days(connection, table)
        for day in sorted(set(days) - existing):
            _create(connection, table, column, day)


def drop_partitions(connection: sa.Connection, before: date) -> list[str]:
    """Drop the partitions of the days before one; return their names."""
    if connection.dialect.name != "postgresql":
        return []
    dropped = []
    for table in PARTITIONED:
        for day in sorted(day for day in _days(connection, table) if day < before):
            name = f"{table}_p{day:%Y%m%d}"
            connection.execute(sa.text(f"DROP TABLE {name}"))
            dropped.append(name)
    return dropped


def _days(connection: sa.Connection, table: str) -> set[date]:
    query = sa.text(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = CAST(:parent AS regclass)"
    )
    names = connection.scalars(query, {"parent": f'"{table}"'})
    matches = (_NAME.match(name) for name in names)
    return {datetime.strptime(m[1], "%Y%m%d").replace(tzinfo=UTC).date() for m in matches if m}


def _create(connection: sa.Connection, table: str, column: str, day: date) -> None:
    name = f"{table}_p{day:%Y%m%d}"
    # Without a zone the server would read the bounds in the session's; names are made here, and
    # DDL takes no parameters.
    bounds = f"'{day} 00:00:00+00'", f"'{day + timedelta(days=1)} 00:00:00+00'"
    within = f"{column} >= {bounds[0]} AND {column} < {bounds[1]}"
    # No recorder writes from here on: a row must not enter the default partition while its
    # day's is made.
    connection.execute(sa.text(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'))
    if day in _days(connection, table):  # another recorder was faster
        return
    connection.execute(sa.text(f'CREATE TABLE {name} (LIKE "{table}" INCLUDING ALL)'))
    connection.execute(
        sa.text(
            f"WITH moved AS (DELETE FROM {table}_default WHERE {within} RETURNING *) "  # noqa: S608
            f"INSERT INTO {name} SELECT * FROM moved"
        )
    )
    connection.execute(
        sa.text(
            f'ALTER TABLE "{table}" ATTACH PARTITION {name} '
            f"FOR VALUES FROM ({bounds[0]}) TO ({bounds[1]})"
        )
    )
