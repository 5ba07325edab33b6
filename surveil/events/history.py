"""Look back over a stream without being a consumer of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import redis

from surveil.domain import Event
from surveil.events.codec import EventFormatError, decode
from surveil.events.streams import stream_key

PAGE = 1000


def read_history(
    client: redis.Redis, partitions: int, since_at: datetime, until_at: datetime, *, limit: int
) -> Iterator[Event]:
    """Yield the events published between two instants that were not trimmed yet.

    Entries that are no events are left out: the consumer groups meet and report them.

    Args:
        client: Any connection.
        partitions: Number of streams.
        since_at: By the clock of the Redis server.
        until_at: By the same.
        limit: Most entries of one stream.

    Raises:
        redis.RedisError: The server went away.
    """
    for partition in range(partitions):
        start, end = (str(int(at.timestamp() * 1000)) for at in (since_at, until_at))
        left = limit
        while left > 0:
            reply: Any = client.xrange(
                stream_key(partition), min=start, max=end, count=min(PAGE, left)
            )
            for _, fields in reply:
                try:
                    yield decode(fields)
                except EventFormatError:
                    continue
            if len(reply) < min(PAGE, left):
                break
            left -= len(reply)
            start = "(" + reply[-1][0].decode()
