"""Rows of a test's database."""

from __future__ import annotations

import sqlalchemy as sa

from surveil.store.all_tables import metadata
from surveil.store.engine import writing


def empty_tables(database: sa.Engine) -> None:
    """Delete all rows, for the next example of a property."""
    with writing(database) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
