"""Spool to stream on a real Redis, with outages."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from kit.stream import published
from kit.waiting import until

from surveil.domain import FrameCounts, IntervalEvent
from surveil.events.connection import EvictionPolicyError, connect
from surveil.events.embedded import EmbeddedRedis
from surveil.events.progress import publish_committed
from surveil.events.publisher import Pace, Publisher
from surveil.events.spool import Draft, Spool
from surveil.events.streams import COMMITTED_KEY, partition_of, stream_key

AT = datetime(2025, 1, 1, tzinfo=UTC)
RUN = "01JDZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db")
    yield spool
    spool.close()


def fill(spool: Spool, count: int, camera: str = "lobby") -> None:
    event = IntervalEvent(camera, RUN, 0, AT, AT + timedelta(seconds=1), FrameCounts(), (), "m@1")
    spool.append([Draft(event)] * count)


def seqs(client: redis.Redis, partition: int = 0) -> list[int]:
    return [event.seq for event in published(client, partition)]


PACE = Pace(idle_s=0.02, progress_every_s=0.02, check_every_s=0.02, retry_most_s=0.3)


@pytest.fixture
def running(own_redis_server: EmbeddedRedis, spool: Spool) -> Iterator[Publisher]:
    publisher = Publisher(spool, own_redis_server.url, 1, pace=PACE)
    publisher.start()
    yield publisher
    publisher.stop(1.0)


def test_sends_in_order_and_forgets_only_what_is_committed(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, spool: Spool
) -> None:
    fill(spool, 1200)
    publisher = Publisher(spool, redis_server.url, 1)
    while publisher.publish_round():
        pass
    assert seqs(redis_client) == list(range(1, 1201))
    assert spool.pending_count == 1200
    publish_committed(redis_client, {RUN: 700})
    publisher._next_progress_mono_s = 0.0
    publisher.publish_round()
    assert spool.pending_count == 500
    assert len(seqs(redis_client)) == 1200  # nothing sent again


def test_cameras_go_to_their_partitions(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, spool: Spool
) -> None:
    for camera in ("lobby", "door", "desk"):
        fill(spool, 1, camera)
    Publisher(spool, redis_server.url, 4).publish_round()
    for partition in range(4):
        cameras = {event.camera for event in published(redis_client, partition)}
        assert all(partition_of(camera, 4) == partition for camera in cameras)
    assert sum(redis_client.xlen(stream_key(p)) for p in range(4)) == 3


def test_partition_of_a_camera_never_changes() -> None:
    assert [partition_of(camera, 16) for camera in ("lobby", "door", "desk")] == [7, 13, 6]


def test_goes_on_after_an_outage(
    own_redis_server: EmbeddedRedis, spool: Spool, running: Publisher
) -> None:
    fill(spool, 3)
    running.wake()
    until(lambda: running.stats.published == 3)
    own_redis_server.stop()
    fill(spool, 3)
    until(lambda: running.stats.failures > 0)
    assert not running.stats.is_connected
    until(lambda: running.stats.lag_s > 0)
    own_redis_server.start()
    until(lambda: running.stats.is_connected and running.stats.lag_s == 0)
    with connect(own_redis_server.url) as client:
        assert seqs(client) == [1, 2, 3, 4, 5, 6]


def test_sends_again_what_a_killed_server_lost(
    own_redis_server: EmbeddedRedis, spool: Spool, running: Publisher
) -> None:
    fill(spool, 5)
    until(lambda: running.stats.published == 5)
    assert own_redis_server.pid is not None
    os.kill(own_redis_server.pid, signal.SIGKILL)
    until(lambda: not own_redis_server.is_running())
    for aof in own_redis_server.directory.rglob("*.aof"):
        os.truncate(aof, 0)
    own_redis_server.start()
    until(lambda: running.stats.published >= 10)
    with connect(own_redis_server.url) as client:
        assert seqs(client) == [1, 2, 3, 4, 5]


def test_sends_again_after_the_stream_was_deleted(
    own_redis_server: EmbeddedRedis, spool: Spool, running: Publisher
) -> None:
    fill(spool, 2)
    until(lambda: running.stats.published == 2)
    with connect(own_redis_server.url) as client:
        client.flushall()
        until(lambda: seqs(client) == [1, 2])


def test_sends_again_what_nobody_commits(own_redis_server: EmbeddedRedis, spool: Spool) -> None:
    publisher = Publisher(spool, own_redis_server.url, 1, pace=replace(PACE, resend_least_s=0.05))
    publisher.start()
    fill(spool, 2)
    until(lambda: publisher.stats.published >= 4)
    publisher.stop(1.0)


@pytest.mark.parametrize("word", ["9" * 30, "9" * 5000, "-1", "many", ""])
def test_a_word_about_what_was_never_sent_deletes_nothing_and_ends_nothing(
    own_redis_server: EmbeddedRedis, spool: Spool, running: Publisher, word: str
) -> None:
    with connect(own_redis_server.url) as client:
        client.hset(COMMITTED_KEY, RUN, word)
        fill(spool, 3)
        until(lambda: running.stats.published == 3)
        rounds = running.stats.rounds
        until(lambda: running.stats.rounds > rounds + 3)
        assert spool.pending_count == 3
    assert running.thread.is_alive()
    assert running.stats.failures == 0


def test_what_was_not_sent_is_not_forgotten_whatever_redis_says(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, spool: Spool
) -> None:
    publisher = Publisher(spool, redis_server.url, 1, pace=replace(PACE, progress_every_s=0.0))
    redis_client.hset(COMMITTED_KEY, RUN, 1000)
    fill(spool, 700)
    publisher.publish_round()  # sends 500
    assert spool.pending_count == 200
    assert [entry.seq for entry in spool.pending(limit=1)] == [501]


def test_any_failure_of_a_round_is_counted_and_tried_again(
    own_redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "own.db")
    running = Publisher(spool, own_redis_server.url, 1, pace=PACE)
    running.start()
    with connect(own_redis_server.url) as client:
        client.set(COMMITTED_KEY, "no hash at all")
        fill(spool, 1)
        until(lambda: running.stats.failures >= 2)
        client.delete(COMMITTED_KEY)
        until(lambda: running.stats.is_connected)
    spool.close()  # from here on every round meets an error that Redis has no part in
    before = running.stats.failures
    until(lambda: running.stats.failures >= before + 2)
    assert running.thread.is_alive()
    running.stop(0.0)


def test_a_server_that_begins_to_evict_is_unavailable_until_it_stops(
    own_redis_server: EmbeddedRedis, spool: Spool, running: Publisher
) -> None:
    with connect(own_redis_server.url) as client:
        until(lambda: running.stats.is_connected)
        client.config_set("maxmemory-policy", "allkeys-lru")
        fill(spool, 1)
        running.wake()
        until(lambda: running.stats.failures >= 2)
        client.config_set("maxmemory-policy", "noeviction")
        until(lambda: running.stats.is_connected and seqs(client) == [1])


def test_full_server_is_waited_for(own_redis_server: EmbeddedRedis, spool: Spool) -> None:
    with connect(own_redis_server.url) as client:
        client.config_set("maxmemory", 1)
        publisher = Publisher(spool, own_redis_server.url, 1, pace=PACE)
        publisher.start()
        fill(spool, 3)
        until(lambda: publisher.stats.failures > 0)
        client.config_set("maxmemory", 0)
        until(lambda: seqs(client) == [1, 2, 3])
    publisher.stop(1.0)


def test_server_that_evicts_any_key_is_refused(
    own_redis_server: EmbeddedRedis, spool: Spool
) -> None:
    with connect(own_redis_server.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        fill(spool, 1)
        with pytest.raises(EvictionPolicyError, match="allkeys-lru"):
            Publisher(spool, own_redis_server.url, 1).publish_round()
        assert client.xlen(stream_key(0)) == 0


def test_stopping_sends_the_rest(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, spool: Spool
) -> None:
    publisher = Publisher(spool, redis_server.url, 1)
    fill(spool, 1500)
    publisher.start()
    publisher.stop(5.0)
    assert seqs(redis_client) == list(range(1, 1501))


def test_stopping_without_a_server_ends_in_time(tmp_path: Path, spool: Spool) -> None:
    publisher = Publisher(spool, f"unix://{tmp_path}/nobody.sock", 1)
    fill(spool, 1)
    publisher.start()
    publisher.stop(0.3)
    assert not publisher.thread.is_alive()
    assert spool.pending_count == 1
