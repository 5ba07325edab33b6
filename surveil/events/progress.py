"""How far SQL has got with each run, told by the recorder, read by the inference workers.

A run's committed ``seq`` is the highest up to which *every* event of the run, from 1 on, is in SQL
or in its dead letters. The recorder publishes it after each commit, also for a run of which it met
only duplicates: a worker that sends events again may have missed the answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import redis

from surveil.events.streams import COMMITTED_AT_KEY, COMMITTED_KEY

KEEP_S = 30 * 24 * 3600.0
"""Runs without progress for so long are forgotten."""

MAX_RUNS = 100_000
_MOST_DIGITS = 18
"""Of a ``seq``: more than SQLite's integers hold was not written by a recorder."""

_SWEEP = 1000


def publish_committed(client: redis.Redis, committed: Mapping[str, int]) -> None:
    """Publish the committed ``seq`` of each run; called by the recorder after its commit.

    Two recorders may publish one run in the wrong order; the lower value then stands until the next
    call, which only delays what the worker forgets.

    Raises:
        redis.RedisError: Not published; publish again with the next batch.
    """
    if not committed:
        return
    now = time.time()
    with client.pipeline(transaction=True) as pipe:
        pipe.hset(COMMITTED_KEY, mapping={run: str(seq) for run, seq in committed.items()})
        pipe.zadd(COMMITTED_AT_KEY, dict.fromkeys(committed, now))
        pipe.execute()


def read_committed(client: redis.Redis, runs: Sequence[str]) -> dict[str, int]:
    """Return the committed ``seq`` of those runs that have one.

    Whoever may write to Redis may have written it: what is no number of our size is passed over.
    """
    if not runs:
        return {}
    values: Any = client.hmget(COMMITTED_KEY, list(runs))
    return {
        run: int(value)
        for run, value in zip(runs, values, strict=True)
        if value is not None and value.isdigit() and len(value) <= _MOST_DIGITS
    }


def sweep_committed(client: redis.Redis, *, now_s: float | None = None) -> int:
    """Forget runs without progress for ``KEEP_S``, and the oldest beyond ``MAX_RUNS``.

    Called by the recorder every minute or so; bounded work a call.

    Args:
        client: Connection.
        now_s: Unix seconds; the present where None.
    """
    now = time.time() if now_s is None else now_s
    anyclient: Any = client
    stale = anyclient.zrangebyscore(COMMITTED_AT_KEY, "-inf", now - KEEP_S, start=0, num=_SWEEP)
    surplus = anyclient.zcard(COMMITTED_AT_KEY) - MAX_RUNS
    if surplus > 0:
        stale += anyclient.zrange(COMMITTED_AT_KEY, 0, min(surplus, _SWEEP) - 1)
    if stale:
        with client.pipeline(transaction=True) as pipe:
            pipe.hdel(COMMITTED_KEY, *stale)
            pipe.zrem(COMMITTED_AT_KEY, *stale)
            pipe.execute()
    return len(set(stale))
