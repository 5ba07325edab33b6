"""The embedded Redis is replaced when it has ended or says nothing any more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from kit.waiting import until

from surveil.events.connection import connect
from surveil.events.embedded import EmbeddedRedis
from surveil.workers.host.redis_keeper import RedisKeeper
from surveil.workers.host.restarts import RestartBudget


@pytest.fixture
def keeper(own_redis_server: EmbeddedRedis) -> Iterator[RedisKeeper]:
    with closing(RedisKeeper(own_redis_server, RestartBudget(), hung_s=3.0)) as keeper:
        yield keeper


def tended(keeper: RedisKeeper, server: EmbeddedRedis, former: int | None) -> bool:
    """Turn the loop once; return whether another server answers."""
    keeper.tend(time.monotonic())
    if server.pid == former or not server.is_running():
        return False
    client = connect_or_none(server)
    return client is not None


def connect_or_none(server: EmbeddedRedis) -> str | None:
    try:
        with connect(server.url) as client:
            return str(client.ping())
    except ConnectionError:
        return None


def test_a_stopped_server_is_replaced_and_keeps_its_data(
    own_redis_server: EmbeddedRedis, keeper: RedisKeeper
) -> None:
    with connect(own_redis_server.url) as client:
        client.xadd("s", {"a": "1"})
    former = own_redis_server.pid
    assert former is not None
    os.kill(former, signal.SIGSTOP)
    until(lambda: tended(keeper, own_redis_server, former), "another server")
    with connect(own_redis_server.url) as client:
        assert client.xlen("s") == 1


def test_a_killed_server_is_replaced(own_redis_server: EmbeddedRedis, keeper: RedisKeeper) -> None:
    former = own_redis_server.pid
    assert former is not None
    os.kill(former, signal.SIGKILL)
    until(lambda: tended(keeper, own_redis_server, former), "another server")


def test_a_server_that_answers_is_left_alone_however_late_the_loop_comes(
    own_redis_server: EmbeddedRedis, keeper: RedisKeeper
) -> None:
    former = own_redis_server.pid
    for hour in range(3):  # a suspended host: time passes, and nobody listened
        keeper.tend(time.monotonic() + 3600.0 * hour)
    assert own_redis_server.pid == former
    assert own_redis_server.is_running()
