"""Where a database's schema stands, asked without Alembic, which takes 11 MB of each process."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from surveil.errors import ConfigError
from surveil.shipped import shipped


class SchemaError(ConfigError):
    """The database was made by a newer version, or has to be upgraded first."""


def migrations_dir() -> Path:
    """Return the folder of the migrations, in a checkout or in an installed wheel."""
    path = shipped("migrations")
    if (path / "env.py").is_file():
        return path
    raise SchemaError(f"the migrations are missing at {path}; install surveil anew")


def known() -> list[str]:
    """Return this version's revisions, oldest first: each file's name begins with its own."""
    files = (migrations_dir() / "versions").glob("[0-9]*_*.py")
    return sorted(path.name.partition("_")[0] for path in files)


def current(connection: sa.Connection) -> str | None:
    """Return the database's revision; None where no migration was ever applied.

    Raises:
        SchemaError: It is of a newer version of surveil.
    """
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in known():
        raise SchemaError(
            f"the database is at revision {found}, made by a newer surveil: upgrade surveil"
        )
    return found


def pending(connection: sa.Connection) -> list[str]:
    """Return the revisions still to be applied, oldest first.

    Raises:
        SchemaError: The database is of a newer version of surveil.
    """
    at = current(connection)
    return [revision for revision in known() if at is None or revision > at]


def require_current(connection: sa.Connection) -> None:
    """Refuse a database whose schema is not this version's.

    Raises:
        SchemaError: It is older, or newer.
    """
    missing = pending(connection)
    if missing:
        raise SchemaError(
            f"the database lacks the migrations {', '.join(missing)}: run `surveil db upgrade`"
        )
