"""Readers that divide partitions on a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import redis
from kit.stream import publish
from kit.waiting import until

from surveil.domain import CameraEvent, CameraState, Reason
from surveil.events import sharing
from surveil.events.connection import connect
from surveil.events.consumer import Delivery, GroupReader, Unreadable
from surveil.events.embedded import EmbeddedRedis
from surveil.events.sharing import GRACE_S, READERS_KEY, ReaderShare


def test_who_comes_takes_a_part_and_who_leaves_gives_it_back(redis_client: redis.Redis) -> None:
    one, two = (ReaderShare(redis_client, name, 4) for name in "ab")
    assert one.own == set()
    one.beat(0.0)
    assert one.own == set(range(4))  # at once: nobody else may read them
    two.beat(0.0)
    assert two.own == set()  # the other does not know yet
    one.beat(1.0)
    assert len(one.own) == 2
    two.beat(GRACE_S)
    assert (len(two.own), one.own | two.own) == (2, set(range(4)))
    two.stop()
    one.beat(3.0)
    assert one.own == set(range(4))


def test_a_reader_that_was_silent_for_too_long_is_dead(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (ReaderShare(redis_client, name, 2) for name in "ab")
    two.beat(0.0)
    one.beat(0.0)
    one.beat(9.0)
    assert len(one.own) == 1
    monkeypatch.setattr(sharing, "ALIVE_S", 0.05)

    def has_all() -> bool:
        one.beat(10.0)
        return len(one.own) == 2

    until(has_all, "its partition")
    assert redis_client.zcard(READERS_KEY) == 1


def test_a_thread_says_that_a_reader_lives_whatever_it_does(redis_server: EmbeddedRedis) -> None:
    client = connect(redis_server.url)
    share = ReaderShare(connect(redis_server.url), "a", 2)
    share.start()
    until(lambda: share.own == {0, 1}, "its partitions")
    before = client.zscore(READERS_KEY, "a")
    until(lambda: client.zscore(READERS_KEY, "a") != before, "another beat")
    share.stop()
    assert not share.thread.is_alive()
    assert client.zcard(READERS_KEY) == 0


def test_a_reader_that_rests_leaves_its_part_to_the_others(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = ReaderShare(connect(redis_server.url), "a", 2)
    resting.start()
    until(lambda: resting.own == {0, 1}, "its partitions")
    resting.rest()
    monkeypatch.setattr(sharing, "ALIVE_S", 0.05)
    other = ReaderShare(redis_client, "b", 2)

    def has_all() -> bool:
        other.beat(9.0)
        return len(other.own) == 2

    until(has_all, "all partitions")
    monkeypatch.undo()
    resting.go_on()
    until(lambda: len(resting.own) == 1, "a part for each")
    resting.stop()


def test_of_two_at_one_partition_one_stands_by(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    shares = [ReaderShare(connect(redis_server.url), name, 1) for name in "ab"]
    for at_s in (0.0, 9.0, 18.0):
        for share in shares:
            share.beat(at_s)
    idle, busy = sorted(shares, key=lambda share: len(share.own))
    assert (idle.own, busy.own) == (set(), {0})
    reader = GroupReader(connect(redis_server.url, block_s=2), "recorder", "idle", 1)
    reader.attend(idle.own)
    publish(redis_client, [_event(1, "lobby")])
    assert reader.read(block_ms=10) == []
    busy.stop()
    idle.beat(20.0)
    reader.attend(idle.own)
    assert _seqs(reader.read(block_ms=10)) == [("lobby", 1)]


def test_a_reader_takes_new_entries_of_its_partitions_and_its_own_of_all(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    reader = GroupReader(connect(redis_server.url, block_s=2), "recorder", "a", 2)
    for partition in (0, 1):
        publish(redis_client, [_event(1, f"cam-{partition}")], partition=partition)
    assert len(reader.read(block_ms=10)) == 2
    reader.attend({1})
    for partition in (0, 1):
        publish(redis_client, [_event(2, f"cam-{partition}")], partition=partition)
    assert _seqs(reader.read(block_ms=10)) == [("cam-1", 2)]
    reader.rewind()  # what it did not acknowledge before comes again, whosever partition it is
    assert _seqs(reader.read(block_ms=10)) == [("cam-0", 1), ("cam-1", 1), ("cam-1", 2)]


def _event(seq: int, camera: str) -> CameraEvent:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    run = "01JDZZZZZZZZZZZZZZZZZZZZZZ"
    return CameraEvent(camera, run, seq, at, CameraState.LIVE, Reason.NONE)


def _seqs(deliveries: list[Delivery]) -> list[tuple[str, int]]:
    found = [d.event for d in deliveries if not isinstance(d.event, Unreadable)]
    return sorted((event.camera, event.seq) for event in found)
