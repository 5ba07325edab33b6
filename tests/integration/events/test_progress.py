"""Committed ``seq`` per run, through a real Redis."""

from __future__ import annotations

import pytest
import redis

from surveil.events import progress


def test_reads_what_was_published(redis_client: redis.Redis) -> None:
    progress.publish_committed(redis_client, {"A": 3, "B": 7})
    progress.publish_committed(redis_client, {"A": 5})
    assert progress.read_committed(redis_client, ["A", "B", "C"]) == {"A": 5, "B": 7}


def test_nothing_to_say_is_no_command(redis_client: redis.Redis) -> None:
    progress.publish_committed(redis_client, {})
    assert progress.read_committed(redis_client, []) == {}


def test_value_that_is_no_number_is_left_out(redis_client: redis.Redis) -> None:
    redis_client.hset("surveil:committed", "A", "many")
    assert progress.read_committed(redis_client, ["A"]) == {}


def test_old_runs_are_forgotten(redis_client: redis.Redis) -> None:
    progress.publish_committed(redis_client, {"old": 1})
    redis_client.zadd("surveil:committed:at", {"old": 1000.0})
    progress.publish_committed(redis_client, {"new": 1})
    assert progress.sweep_committed(redis_client) == 1
    assert progress.read_committed(redis_client, ["old", "new"]) == {"new": 1}


def test_the_oldest_beyond_the_bound_are_forgotten(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MAX_RUNS", 2)
    for number, run in enumerate("ABC"):
        progress.publish_committed(redis_client, {run: 1})
        redis_client.zadd("surveil:committed:at", {run: 2e9 + number})
    progress.sweep_committed(redis_client)
    assert set(progress.read_committed(redis_client, list("ABC"))) == {"B", "C"}
