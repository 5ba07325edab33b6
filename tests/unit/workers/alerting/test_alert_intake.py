"""The alerter's end of the streams, on a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis
from kit.stream import publish

from surveil.domain import CameraEvent, CameraState, Event, Reason
from surveil.errors import UnavailableError
from surveil.events.consumer import Unreadable
from surveil.events.embedded import EmbeddedRedis
from surveil.workers.alerting.alert_intake import BATCH, Intake

RUN = "01JNP0000000000000000000AB"


def event(seq: int, at: datetime | None = None) -> Event:
    at = at or datetime.now(UTC).replace(microsecond=0)
    return CameraEvent("lobby", RUN, seq, at, CameraState.LIVE, Reason.NONE)


def intake(server: EmbeddedRedis, place: str = "here") -> Intake:
    return Intake(server.url, 1, "alerter", place=place)


def read_all(reader: Intake) -> list[Event]:
    """Read until nothing comes any more."""
    found: list[Event] = []
    while batch := reader.read():
        for one in batch:
            assert not isinstance(one.event, Unreadable)
            found.append(one.event)
    return found


def test_what_was_not_acknowledged_comes_again_to_the_next_of_its_place(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    events = [event(seq) for seq in (1, 2, 3)]
    publish(redis_client, events)
    first = intake(redis_server)
    batch = first.read()
    assert [one.event for one in batch] == events
    first.ack([batch[0].entry_id])
    first.close()

    second = intake(redis_server)
    assert read_all(second) == events[1:]
    second.close()


def test_a_batch_is_the_last_if_it_is_new_and_not_full(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    reader = intake(redis_server)
    assert reader.is_current(reader.read()), "nothing to read"

    publish(redis_client, [event(1)])
    assert reader.is_current(reader.read())
    reader.close()


def test_a_backlog_is_not_current(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    long_ago_ms = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1000)
    publish(redis_client, [event(1)], entry_id=f"{long_ago_ms}-1")
    reader = intake(redis_server)
    batch = reader.read()

    assert len(batch) == 1
    assert not reader.is_current(batch)
    reader.close()


def test_a_full_batch_is_not_current(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    publish(redis_client, map(event, range(1, BATCH + 2)))
    reader = intake(redis_server)
    batch = reader.read()

    assert len(batch) == BATCH
    assert not reader.is_current(batch)
    reader.close()


def test_looks_back_at_what_the_streams_still_hold(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    now = datetime.now(UTC)
    publish(redis_client, [event(1, now)])
    reader = intake(redis_server)

    around = timedelta(minutes=1)
    assert [one.seq for one in reader.look_back(now - around, now + around)] == [1]
    assert reader.look_back(now - 3 * around, now - 2 * around) == []
    reader.close()


def test_says_so_when_redis_is_away_and_goes_on_when_it_is_back(
    own_redis_server: EmbeddedRedis,
) -> None:
    reader = intake(own_redis_server)
    reader.read()
    own_redis_server.stop()
    now = datetime.now(UTC)
    with pytest.raises(UnavailableError, match="Redis"):
        reader.read()
    with pytest.raises(UnavailableError, match="Redis"):
        reader.look_back(now, now)

    own_redis_server.start()
    with redis.Redis.from_url(own_redis_server.url) as client:
        publish(client, [event(1)])
    assert [one.seq for one in read_all(reader)] == [1]
    reader.close()
