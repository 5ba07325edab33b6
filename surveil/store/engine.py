"""Open a database by URL, and begin transactions on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from surveil.errors import ConfigError, UnavailableError

Database = sa.Engine
Connection = sa.Connection
"""Names for those outside of the store, who know nothing else of SQLAlchemy."""

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another process's transaction (recorder, alerter, deliveries)."""
CONNECT_TIMEOUT_S = 5


def connect(url: str, *, create: bool = True) -> sa.Engine:
    """Return an engine for a database; nothing is reached before the first transaction.

    SQLite runs in WAL mode, so readers never wait for the recorder, with ``synchronous=FULL``: a
    spool forgets an event once its transaction has committed, so a commit must survive a power
    cut, which NORMAL does not promise in WAL mode. The price is one fsync for each batch.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://…``; may hold credentials.
        create: Create the folder and the file of a SQLite database that does not exist.

    Raises:
        ConfigError: Not a URL, or of another kind of database.
        UnavailableError: ``create`` is false and there is no such file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # Without its cause, which would print the text, and with it a password.
        raise ConfigError("the database is no URL like sqlite:///var/surveil.db") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite":
        return _connect_sqlite(parsed, create=create)
    if parsed.drivername == "postgresql+psycopg":
        return _connect_postgres(parsed)
    raise ConfigError(
        f"database {parsed.drivername!r} is not supported; give sqlite:/// or postgresql+psycopg://"
    )


def _connect_sqlite(url: URL, *, create: bool) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError("a SQLite database needs a file, as in sqlite:///var/surveil.db")
    path = Path(url.database)
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.is_file():
        raise UnavailableError(
            f"no database at {path}: `surveil run` or `surveil db upgrade` makes it"
        )
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A transaction that begins as a reader cannot wait to become the writer: SQLite answers
        # "database is locked" at once, whatever the time-out. So writers say so from the start.
        writes = connection.get_execution_options().get("surveil_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _connect_postgres(url: URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=2,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,  # ms until data that nobody acknowledges ends it
            "application_name": "surveil",
        },
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Printed instants and date_trunc() are in UTC wherever the server is. Not by the start-up
        # parameter "options", which poolers such as PgBouncer refuse.
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in one transaction that may write; commits at the end, else rolls back.

    Raises:
        UnavailableError: The server or file cannot be reached, or was lost on the way.
    """
    with _transaction(engine, writes=True) as connection:
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in one transaction that sees a single state of the database.

    Raises:
        UnavailableError: The server or file cannot be reached, or was lost on the way.
    """
    with _transaction(engine, writes=False) as connection:
        yield connection


@contextmanager
def _transaction(engine: sa.Engine, *, writes: bool) -> Iterator[sa.Connection]:
    try:
        with engine.connect() as plain:
            options: dict[str, Any] = {"surveil_writes": writes}
            if engine.dialect.name == "postgresql" and not writes:
                options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection
    except (OperationalError, InterfaceError) as error:
        raise UnavailableError(f"{describe(engine.url)}: {explain(error)}") from None


def describe(url: URL | str) -> str:
    """Name a database for people: kind, host and name; never a user or a password."""
    url = make_url(url)
    if url.drivername.startswith("sqlite"):
        return f"SQLite {url.database}"
    host = url.host or url.query.get("host") or "localhost"
    return f"PostgreSQL {host}:{url.port or 5432}/{url.database}"


def explain(error: DBAPIError) -> str:
    """Return the driver's own words in one line, without SQL and parameters."""
    lines = str(error.orig).strip().splitlines()
    return lines[0].strip() if lines else type(error.orig).__name__
