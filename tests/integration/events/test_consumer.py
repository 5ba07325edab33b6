"""The group reader on a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from kit.stream import publish

from surveil.domain import CameraEvent, CameraState, Reason
from surveil.events import consumer
from surveil.events.connection import connect
from surveil.events.consumer import Delivery, EntryId, GroupReader, Unreadable
from surveil.events.embedded import EmbeddedRedis
from surveil.events.streams import stream_key

RUN = "01JDZZZZZZZZZZZZZZZZZZZZZZ"


def camera_event(seq: int) -> CameraEvent:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return CameraEvent("lobby", RUN, seq, at, CameraState.LIVE, Reason.NONE)


def put(client: redis.Redis, *seqs: int, partition: int = 0) -> None:
    publish(client, map(camera_event, seqs), partition=partition)


def reader(
    server: EmbeddedRedis,
    consumer: str = "a",
    *,
    claim_idle_s: float = 60.0,
    max_deliveries: int = 5,
) -> GroupReader:
    client = connect(server.url, block_s=2)
    return GroupReader(
        client,
        "recorder",
        consumer,
        1,
        claim_idle_s=claim_idle_s,
        max_deliveries=max_deliveries,
    )


def seqs(deliveries: list[Delivery]) -> list[int]:
    return [d.event.seq for d in deliveries if not isinstance(d.event, Unreadable)]


def redis_ids(client: redis.Redis, name: str) -> list[str]:
    """Return the ids of the entries that a consumer holds."""
    rows: Any = client.xpending_range(stream_key(0), "recorder", "-", "+", 100, name)
    return [row["message_id"].decode() for row in rows]


def age(client: redis.Redis, name: str, *held: str) -> None:
    """Let a consumer have held entries for a while."""
    client.xclaim(stream_key(0), "recorder", name, 0, list(held), idle=5_000)


def ids(deliveries: list[Delivery]) -> list[EntryId]:
    return [d.entry_id for d in deliveries]


def test_reads_what_was_published_before_the_group_existed(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1, 2)
    assert seqs(reader(redis_server).read(block_ms=10)) == [1, 2]


def test_quiet_stream_gives_nothing_within_the_block(redis_server: EmbeddedRedis) -> None:
    assert reader(redis_server).read(block_ms=20) == []


def test_restarted_consumer_gets_its_unacknowledged_entries_first(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1, 2, 3)
    first = reader(redis_server)
    deliveries = first.read(block_ms=10)
    first.ack(ids(deliveries)[:1])
    first.close()
    put(redis_client, 4)
    second = reader(redis_server)
    assert seqs(second.read(block_ms=10)) == [2, 3]
    assert seqs(second.read(block_ms=10)) == [4]
    second.ack(ids(deliveries)[1:])


def test_rewind_hands_out_again(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    put(redis_client, 1)
    consumer = reader(redis_server)
    assert seqs(consumer.read(block_ms=10)) == [1]
    consumer.rewind()
    assert seqs(consumer.read(block_ms=10)) == [1]


def test_entries_of_a_dead_consumer_are_taken_over(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1, 2)
    dead = reader(redis_server, "dead")
    dead.read(block_ms=10)
    dead.close()
    heir = reader(redis_server, "heir", claim_idle_s=0)
    taken = heir.read(block_ms=10)
    assert seqs(taken) == [1, 2]


def test_entries_of_a_consumer_known_to_be_dead_are_taken_over_at_once(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1, 2, 3)
    reader(redis_server, "dead").read(block_ms=10, count=2)
    [living] = reader(redis_server, "slow").read(block_ms=10)
    heir = reader(redis_server, "heir")
    heir.attend({0}, frozenset({"heir", "slow"}))
    assert heir.read(block_ms=10) == []  # too fresh: another heir may just have taken them
    age(redis_client, "dead", *redis_ids(redis_client, "dead"))
    assert seqs(heir.read(block_ms=10)) == [1, 2]
    assert heir.read(block_ms=10) == []
    assert redis_ids(redis_client, "slow") == [living.entry_id.id]


def test_an_heir_takes_over_more_than_it_may_at_a_time(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "INHERIT_LIMIT", 2)
    put(redis_client, *range(1, 6))
    reader(redis_server, "dead").read(block_ms=10)
    age(redis_client, "dead", *redis_ids(redis_client, "dead"))
    heir = reader(redis_server, "heir")
    heir.attend({0}, frozenset({"heir"}))
    taken: list[int] = []
    for _ in range(4):
        found = heir.read(block_ms=10)
        taken += seqs(found)
        heir.ack(ids(found))
    assert taken == [1, 2, 3, 4, 5]


def test_who_inherits_from_a_server_that_lost_its_data_begins_anew(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    heir = reader(redis_server, "heir")
    heir.read(block_ms=10)
    redis_client.flushall()
    heir.attend({0}, frozenset({"heir"}))
    assert heir.read(block_ms=10) == []
    put(redis_client, 1)
    assert seqs(heir.read(block_ms=10)) == [1]


def test_entry_handed_out_too_often_is_poisoned_and_keeps_its_identity(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1)
    for _ in range(3):
        crashing = reader(redis_server, max_deliveries=3)
        assert seqs(crashing.read(block_ms=10)) == [1]
        crashing.close()
    [delivery] = reader(redis_server, max_deliveries=3).read(block_ms=10)
    assert isinstance(delivery.event, Unreadable)
    assert delivery.event.cause == "poisoned"
    assert delivery.event.event == camera_event(1)


def test_foreign_entry_is_unreadable_and_does_not_hold_up_others(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    redis_client.xadd(stream_key(0), {"hello": b"\xff\xfe", "v": "1"})
    put(redis_client, 1)
    foreign, mine = reader(redis_server).read(block_ms=10)
    assert isinstance(foreign.event, Unreadable)
    assert foreign.event.cause == "format"
    assert mine.event == camera_event(1)


def test_group_is_created_again_after_the_server_lost_its_data(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    consumer = reader(redis_server)
    consumer.read(block_ms=10)
    redis_client.flushall()
    put(redis_client, 1)
    assert consumer.read(block_ms=10) == []
    assert seqs(consumer.read(block_ms=10)) == [1]


def test_entry_deleted_by_somebody_else_is_acknowledged_on_replay(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1, 2)
    consumer = reader(redis_server)
    first, _ = consumer.read(block_ms=10)
    redis_client.xdel(stream_key(0), first.entry_id.id)
    consumer.rewind()
    assert seqs(consumer.read(block_ms=10)) == [2]
    assert redis_client.xpending(stream_key(0), "recorder")["pending"] == 1


@pytest.fixture
def two_groups(redis_server: EmbeddedRedis) -> tuple[GroupReader, GroupReader]:
    alerter = GroupReader(connect(redis_server.url, block_s=2), "alerter", "a", 1)
    recorder = GroupReader(connect(redis_server.url, block_s=2), "recorder", "r", 1)
    return recorder, alerter


def test_trims_only_what_every_group_has_acknowledged(
    two_groups: tuple[GroupReader, GroupReader], redis_client: redis.Redis
) -> None:
    recorder, alerter = two_groups
    put(redis_client, *range(1, 1001))
    recorder.ack(ids(recorder.read(block_ms=10, count=1000)))
    assert recorder.trim() == 0  # the alerter's group does not exist yet
    deliveries = alerter.read(block_ms=10, count=1000)
    alerter.ack(ids(deliveries)[:600])
    removed = recorder.trim()
    assert 0 < removed <= 600
    left = {entry_id for entry_id, _ in redis_client.xrange(stream_key(0)) or ()}
    assert {d.entry_id.id.encode() for d in deliveries[600:]} <= left


def test_server_away_is_a_connection_error_and_then_reading_goes_on(
    own_redis_server: EmbeddedRedis,
) -> None:
    server = own_redis_server
    with connect(server.url) as client:
        put(client, 1)
    consumer = reader(server)
    assert seqs(consumer.read(block_ms=10)) == [1]
    server.stop()
    with pytest.raises(redis.ConnectionError):
        consumer.read(block_ms=10)
    server.start()
    assert seqs(consumer.read(block_ms=10)) == [1]


def test_two_partitions_are_read_together(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    put(redis_client, 1, partition=0)
    put(redis_client, 2, partition=1)
    consumer = GroupReader(connect(redis_server.url, block_s=2), "recorder", "a", 2)
    deliveries = consumer.read(block_ms=10)
    assert sorted(seqs(deliveries)) == [1, 2]
    consumer.ack(ids(deliveries))
    consumer.rewind()
    assert consumer.read(block_ms=10) == []
