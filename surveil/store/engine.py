"""Open a database by URL, and begin transactions on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from surveil.errors import ConfigError, SurveilError, UnavailableError
from surveil.store.cleaning import dump_json
from surveil.store.sqlite_file import MOVED, SqliteFile

_WRITES, _MAY_WRITE = "surveil_writes", "surveil_may_write"
"""Keys: of a transaction that will write, and of a connection that was opened so that it can."""

Database = sa.Engine
Connection = sa.Connection
"""Names for those outside of the store, who know nothing else of SQLAlchemy."""

LOCK_TIMEOUT_S = 5.0
"""How long a statement waits for another's lock: the recorder's, the alerter's, an operator's."""
STATEMENT_TIMEOUT_S = 8.0
"""With the time above below ten seconds: so long may a worker be taken for ready that is not."""
CONNECT_TIMEOUT_S = 5
POOL_TIMEOUT_S = 5
"""How long a transaction waits until another one of this process gives its connection back."""


class RefusedError(SurveilError):
    """The database refuses what the transaction would write, and will refuse it again."""


def connect(
    url: str,
    *,
    create: bool = True,
    lock_timeout_s: float = LOCK_TIMEOUT_S,
    statement_timeout_s: float | None = STATEMENT_TIMEOUT_S,
    most_connections: int = 4,
) -> Database:
    """Return an engine for a database; nothing is reached before the first transaction.

    SQLite runs in WAL mode, so readers never wait for the recorder, with ``synchronous=FULL``: a
    spool forgets an event once its transaction has committed, so a commit must survive a power
    cut, which NORMAL does not promise in WAL mode. The price is one fsync for each batch.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://…``; may hold credentials.
        create: Create the folder and the file of a SQLite database that does not exist.
        lock_timeout_s: How long a statement waits for a lock that another holds.
        statement_timeout_s: How long it may take in all; None is no bound. PostgreSQL only: in
            SQLite nothing but a lock makes a statement wait. A transaction in which nothing happens
            for twice as long is ended by the server, and its locks with it.
        most_connections: To PostgreSQL at a time; further transactions wait for a moment.

    Raises:
        ConfigError: Not a URL, of another kind of database, or its file cannot be made.
        UnavailableError: ``create`` is false and there is no such file.
    """
    try:
        parsed = _parse(url)
    except ArgumentError:
        # Without its cause, which would print the text, and with it a password.
        raise ConfigError("the database is no URL like sqlite:///var/surveil.db") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite":
        return _connect_sqlite(parsed, create=create, lock_timeout_s=lock_timeout_s)
    if parsed.drivername == "postgresql+psycopg":
        return _connect_postgres(parsed, lock_timeout_s, statement_timeout_s, most_connections)
    raise ConfigError(
        f"database {parsed.drivername!r} is not supported; give sqlite:/// or postgresql+psycopg://"
    )


def _parse(url: str) -> URL:
    scheme, slashes, path = url.partition(":///")
    if scheme == "sqlite" and slashes:
        # SQLAlchemy 2.1 decodes percent signs in it, 2.0 did not: a file is called as written.
        return URL.create("sqlite", database=path)
    return make_url(url)


def _connect_sqlite(url: URL, *, create: bool, lock_timeout_s: float) -> Database:
    if not url.database or url.database == ":memory:":
        raise ConfigError("a SQLite database needs a file, as in sqlite:///var/surveil.db")
    file = SqliteFile(Path(url.database), wait_s=lock_timeout_s)
    if create:
        file.make()
    elif not file.path.is_file():
        raise UnavailableError(
            f"no database at {url.database}: `surveil run` or `surveil db upgrade` makes it"
        )
    engine = sa.create_engine(
        url, creator=file.open, json_serializer=dump_json, pool_timeout=POOL_TIMEOUT_S
    )

    @sa.event.listens_for(engine, "connect")
    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_MAY_WRITE] = file.is_writable

    @sa.event.listens_for(engine, "checkout")
    def check_before(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        if not file.is_in_place:
            raise DisconnectionError  # the pool opens another one, which says what is wrong
        if not record.info[_MAY_WRITE] and file.is_writable:
            raise DisconnectionError  # opened for reading alone; another one can write

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins as a reader cannot wait to become the writer: SQLite answers
        # "database is locked" at once, whatever the time-out. So writers say so from the start.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @sa.event.listens_for(engine, "commit")
    def check_after(_connection: Connection) -> None:
        if not file.is_in_place:
            raise UnavailableError(f"{describe(url)}: {MOVED}")

    return engine


def _connect_postgres(
    url: URL, lock_timeout_s: float, statement_timeout_s: float | None, most_connections: int
) -> Database:
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=most_connections - 2,
        pool_timeout=POOL_TIMEOUT_S,
        json_serializer=dump_json,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            # A server that vanished is given up within 9 s, whether it owes an answer or not.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 9_000,
            "application_name": "surveil",
        },
    )
    settings = (
        "SET TIME ZONE 'UTC'",
        f"SET lock_timeout = {round(lock_timeout_s * 1000)}",
        f"SET statement_timeout = {round((statement_timeout_s or 0) * 1000)}",
        # A host that is suspended or vanishes within a transaction would keep its locks for hours.
        f"SET idle_in_transaction_session_timeout = {round((statement_timeout_s or 0) * 2000)}",
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Printed instants and date_trunc() are in UTC wherever the server is. Not by the start-up
        # parameter "options", which poolers such as PgBouncer refuse.
        for setting in settings:
            connection.execute(setting)
        connection.commit()

    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in one transaction that may write; commits at the end, else rolls back.

    Raises:
        RefusedError: A row is not one that the tables can hold.
        UnavailableError: Whatever else the database says: it cannot be reached, was lost on the
            way, is locked, read-only, full or damaged.
    """
    with _transaction(engine, writes=True) as connection:
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in one transaction that sees a single state of the database.

    Raises:
        UnavailableError: As for :func:`writing`.
    """
    with _transaction(engine, writes=False) as connection:
        yield connection


@contextmanager
def _transaction(engine: sa.Engine, *, writes: bool) -> Iterator[sa.Connection]:
    try:
        with engine.connect() as plain:
            options: dict[str, Any] = {_WRITES: writes}
            if engine.dialect.name == "postgresql" and not writes:
                options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection
    except (DataError, IntegrityError) as error:
        raise RefusedError(explain(error)) from None
    except NoConnectionError:
        where = describe(engine.url)
        raise UnavailableError(f"{where}: all connections of this process are in use") from None
    except DBAPIError as error:
        raise UnavailableError(f"{describe(engine.url)}: {explain(error)}") from None


def describe(url: URL | str) -> str:
    """Name a database for people: kind, host and name; never a user or a password."""
    url = _parse(url) if isinstance(url, str) else url
    if url.drivername.startswith("sqlite"):
        return f"SQLite {url.database}"
    host = url.host or url.query.get("host") or "localhost"
    return f"PostgreSQL {host}:{url.port or 5432}/{url.database}"


def explain(error: DBAPIError) -> str:
    """Return the driver's own words in one line, without SQL and parameters."""
    lines = str(error.orig).strip().splitlines()
    return lines[0].strip() if lines else type(error.orig).__name__
