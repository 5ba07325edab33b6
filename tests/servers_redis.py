"""A real Redis server for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from surveil.events.connection import connect
from surveil.events.embedded import EmbeddedRedis


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
