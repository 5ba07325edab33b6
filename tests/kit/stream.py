"""Events in Redis, written and read without surveil's own processes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import redis

from surveil.domain import Event
from surveil.events.codec import decode, encode
from surveil.events.streams import stream_key


def publish(
    client: redis.Redis, events: Iterable[Event], *, partition: int = 0, entry_id: str = "*"
) -> None:
    """Put events into a stream, in one go."""
    with client.pipeline(transaction=False) as pipe:
        for event in events:
            fields: dict[Any, Any] = {**encode(event)}
            pipe.xadd(stream_key(partition), fields, id=entry_id)
        pipe.execute()


def published(client: redis.Redis, partition: int = 0) -> list[Event]:
    """Return what is in a stream, in its order; an event that was sent twice comes twice."""
    entries: Any = client.xrange(stream_key(partition))
    return [decode(fields) for _, fields in entries]
