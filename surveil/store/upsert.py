"""INSERT … ON CONFLICT for both databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from surveil.store.rows import Row


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose key is not there yet."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing()
        connection.execute(statement, rows)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    add: Iterable[str] = (),
    least: Iterable[str] = (),
    greatest: Iterable[str] = (),
    replace: Iterable[str] = (),
) -> None:
    """Insert rows, or merge them into those with the same primary key.

    Args:
        connection: In a transaction.
        table: Where to.
        rows: All with the same keys; each primary key at most once.
        add: Columns that get the sum of the old and the new value.
        least: Columns that get the smaller one.
        greatest: Columns that get the greater one.
        replace: Columns that get the new one. Columns not named keep the old one.
    """
    if not rows:
        return
    statement = _insert(connection, table)
    new, old = statement.excluded, table.c
    on_postgres = connection.dialect.name == "postgresql"
    smaller = sa.func.least if on_postgres else sa.func.min
    bigger = sa.func.greatest if on_postgres else sa.func.max
    changes: dict[str, Any] = {name: old[name] + new[name] for name in add}
    changes |= {name: smaller(old[name], new[name]) for name in least}
    # Of a null and a value SQLite takes the null: the value is meant.
    both = {name: (old[name], new[name]) for name in greatest}
    changes |= {
        name: bigger(sa.func.coalesce(one, two), sa.func.coalesce(two, one))
        for name, (one, two) in both.items()
    }
    changes |= {name: new[name] for name in replace}
    # Sorted, so that two recorders never wait for each other's rows crosswise.
    keys = [column.name for column in table.primary_key]
    ordered = sorted(rows, key=lambda row: [row[name] for name in keys])
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), ordered)


def _insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
