"""Bring a database to the schema of this version, and say where it stands.

``python -m surveil.store.migrate URL`` takes an empty database up, down and up again and fails if
the result differs from :mod:`surveil.store.tables`; `make migrations` runs it on both databases.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Literal

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from surveil.store.all_tables import metadata
from surveil.store.engine import connect, reading, writing
from surveil.store.revisions import SchemaError, current, migrations_dir
from surveil.store.types import Json, RowId, UtcDateTime

LOCK_KEY = 0x53555256
"""PostgreSQL advisory lock under which one process migrates while the others wait ("SURV")."""
_PARTITION = re.compile(r"^(interval|observation)_(default|p\d{8})$")


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Apply what is pending, in one transaction; other processes that try wait and find it done.

    Raises:
        SchemaError: The database is of a newer version of surveil, or has other tables of the
            same names.
        UnavailableError: It cannot be reached.
    """
    with writing(engine) as connection:
        _lock(connection)
        _refuse_foreign(connection)
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take migrations back to ``revision`` (``base`` for an empty database); rows are lost."""
    with writing(engine) as connection:
        _lock(connection)
        current(connection)
        command.downgrade(_config(connection), revision)


def drift(connection: sa.Connection) -> list[str]:
    """Return in words each difference between the database and the tables of this version."""
    context = MigrationContext.configure(
        connection, opts={"include_name": is_ours, "target_metadata": metadata}
    )
    return [repr(change) for change in compare_metadata(context, metadata)]


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Tell Alembic to leave the partitions out: they come and go with the days."""
    return not (kind == "table" and name is not None and _PARTITION.match(name))


def render_type(kind: str, value: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write surveil's own types by name into a generated migration."""
    if kind != "type":
        return False
    if isinstance(value, UtcDateTime):
        return "UtcDateTime()"
    names = {id(Json): "Json", id(RowId): "RowId"}
    return names.get(id(value), False)


def _config(connection: sa.Connection) -> Config:
    config = Config()
    # Alembic reads this as a format string.
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _lock(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        # A migration of many rows takes as long as it takes.
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))


def _refuse_foreign(connection: sa.Connection) -> None:
    """Refuse tables of our names in a database that no migration was ever applied to."""
    if current(connection) is not None:
        return
    found = sorted(set(sa.inspect(connection).get_table_names()) & set(metadata.tables))
    if found:
        raise SchemaError(
            f"the database holds tables {', '.join(found)} that surveil did not make: give it a "
            "database of its own"
        )


def main(url: str) -> int:
    """Go up, down and up on an empty database; return 1 and say why if anything is left or lost."""
    engine = connect(url)
    try:
        upgrade(engine)
        downgrade(engine, "base")
        with reading(engine) as connection:
            left = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        upgrade(engine)
        with reading(engine) as connection:
            problems = [f"left after downgrade: {name}" for name in left] + drift(connection)
    finally:
        engine.dispose()
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
