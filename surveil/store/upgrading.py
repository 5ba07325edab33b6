"""Upgrade a database at the start of a worker, without Alembic where nothing is pending."""

from __future__ import annotations

from surveil.store.engine import Database, reading
from surveil.store.revisions import pending


def bring_up(database: Database) -> None:
    """Apply what is pending; see :func:`surveil.store.migrate.upgrade`."""
    with reading(database) as connection:
        if not pending(connection):
            return
    from surveil.store import migrate

    migrate.upgrade(database)
