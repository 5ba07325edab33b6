"""Many new rows at once: COPY on PostgreSQL, which costs it a third of so many INSERTs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from surveil.store.rows import Row

LEAST_ROWS = 20
"""Fewer are inserted: a COPY has to be begun and ended."""


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows, all with the same keys, none of which is there.

    Raises:
        sqlalchemy.exc.DBAPIError: As an INSERT; the transaction is then over.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql" or len(rows) < LEAST_ROWS:
        connection.execute(sa.insert(table), rows)
        return
    _copy(connection, table, rows)


def _copy(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    dialect, names = connection.dialect, list(rows[0])
    quoted = dialect.identifier_preparer.quote
    columns = ", ".join(map(quoted, names))
    statement = f"COPY {dialect.identifier_preparer.format_table(table)} ({columns}) FROM STDIN"
    prepared: list[tuple[str, Callable[[Any], Any] | None]] = [
        (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
    ]
    driver = connection.connection.driver_connection
    assert driver is not None
    assert dialect.dbapi is not None
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(
                    [row[name] if process is None else process(row[name])
                     for name, process in prepared]
                )  # fmt: skip
    except dialect.dbapi.Error as error:
        # As if SQLAlchemy had sent it: whoever opened the transaction knows these errors.
        raise sa.exc.DBAPIError.instance(
            statement, None, error, dialect.dbapi.Error, dialect=dialect
        ) from error
