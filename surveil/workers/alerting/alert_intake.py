"""The alerter's end of the streams: read, know whether all was read, acknowledge, look back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import redis

from surveil.domain import Event
from surveil.errors import UnavailableError
from surveil.events.connection import connect, explain
from surveil.events.consumer import Delivery, EntryId, GroupReader
from surveil.events.history import read_history

BATCH = 500
BLOCK_MS = 200
CURRENT_S = 2.0
"""The newest entry of a batch is younger than this when all that was published has been read."""
CLOCK_CHECK_S = 60.0
MAX_HISTORY = 200_000
MAX_DELIVERIES = 20
"""An entry handed out more often is a dead letter; each loss of Redis counts as one, too."""


class Intake:
    """Reads as one consumer of a group, connecting again as often as needed.

    Every method but :meth:`close` raises ``UnavailableError`` while Redis is away.

    Args:
        url: Of the Redis server.
        partitions: Number of streams.
        group: Consumer group.
        place: Tells this alerter from others that read beside it, and survives its restart.
    """

    def __init__(self, url: str, partitions: int, group: str, *, place: str) -> None:
        self._url = url
        self._partitions = partitions
        self._group = group
        self._consumer = f"{group}@{place}"
        self._client: redis.Redis | None = None
        self._reader: GroupReader | None = None
        self._offset_s = 0.0
        self._clock_check_mono_s = 0.0

    def read(self) -> list[Delivery]:
        """Return what has come in, waiting shortly for the first entry."""
        if self._reader is None:
            self._client = connect(self._url, block_s=2.0, name=f"surveil-{self._group}")
            self._reader = GroupReader(
                self._client,
                self._group,
                self._consumer,
                self._partitions,
                max_deliveries=MAX_DELIVERIES,
            )
        try:
            self._check_clock()
            return self._reader.read(block_ms=BLOCK_MS, count=BATCH)
        except redis.RedisError as error:
            raise UnavailableError(f"Redis: {explain(error)}") from None

    def is_current(self, deliveries: list[Delivery]) -> bool:
        """Return whether a batch was the last there was to read, by the clock of Redis."""
        if not deliveries:
            return True
        newest_s = max(int(one.entry_id.id.partition("-")[0]) for one in deliveries) / 1000
        redis_s = time.monotonic() + self._offset_s
        return len(deliveries) < BATCH and newest_s >= redis_s - CURRENT_S

    def ack(self, entry_ids: Iterable[EntryId]) -> None:
        """Acknowledge entries; those of a failed call are handed out again."""
        if self._reader is None:
            return
        try:
            self._reader.ack(entry_ids)
        except redis.RedisError as error:
            self._reader.rewind()
            raise UnavailableError(f"Redis: {explain(error)}") from None

    def look_back(self, since_at: datetime, until_at: datetime) -> list[Event]:
        """Return the events published between two instants that the streams still hold."""
        client = connect(self._url, name=f"surveil-{self._group}-history")
        try:
            return list(
                read_history(client, self._partitions, since_at, until_at, limit=MAX_HISTORY)
            )
        except redis.RedisError as error:
            raise UnavailableError(f"Redis: {explain(error)}") from None
        finally:
            client.close()

    def close(self) -> None:
        """Let go of the connection; what was not acknowledged stays with this consumer."""
        if self._client is not None:
            self._client.close()

    def _check_clock(self) -> None:
        """Measure how far the clock of Redis, which numbers the entries, is ahead of ours.

        Ours is the monotonic one: it is not set in between.
        """
        if time.monotonic() < self._clock_check_mono_s or self._client is None:
            return
        reply: Any = self._client.time()
        self._offset_s = float(reply[0]) + float(reply[1]) / 1e6 - time.monotonic()
        self._clock_check_mono_s = time.monotonic() + CLOCK_CHECK_S
