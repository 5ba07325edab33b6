"""Read the streams as one consumer of a group: at least once, in the stream's order.

Calls, all from one thread of one process: ``read`` in a loop, then ``ack`` once the batch is
committed elsewhere, ``trim`` now and then. A consumer that failed to commit calls ``rewind`` and
reads the batch again.

Guaranteed: an entry is handed out until it is acknowledged, by this consumer or, once this one is
dead for ``claim_idle_s`` or known to be (``attend``), by another. Not guaranteed: that it is handed
out once; identity is ``(run, seq)`` of the event. An entry handed out more than ``max_deliveries``
times comes as :class:`Unreadable` with cause ``poisoned``: whoever handled it before died of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis

from surveil.domain import Event
from surveil.events.codec import EventFormatError, decode
from surveil.events.streams import GROUPS, order_of, stream_key, text_of

MAX_BLOCK_MS = 2000
CONSUMER_EXPIRY_S = 24 * 3600.0
RAW_LIMIT = 2000
TRIM_LIMIT = 10_000
INHERIT_LIMIT = 1000
INHERIT_IDLE_MS = 1000
"""Where two take a consumer for dead, the second finds what the first took too fresh."""


class EntryId(NamedTuple):
    """Where an entry lies: the key of its stream and its id there."""

    stream: str
    id: str

    @property
    def published_at(self) -> datetime:
        """When the entry was added, by the clock of Redis' host; in milliseconds."""
        return datetime.fromtimestamp(order_of(self.id)[0] / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry for the dead letters.

    Attributes:
        cause: ``format`` (no event) or ``poisoned`` (handed out too often).
        detail: For people.
        raw: The entry's fields, cut to a bounded length.
        event: The event of a poisoned entry that can be decoded; its ``(run, seq)`` counts as
            settled once it lies in the dead letters.
        times_delivered: How often the entry was handed out.
    """

    cause: str
    detail: str
    raw: dict[str, str]
    event: Event | None
    times_delivered: int


class Delivery(NamedTuple):
    """One entry handed out."""

    entry_id: EntryId
    event: Event | Unreadable


class GroupReader:
    """One consumer of one consumer group over all partitions.

    Args:
        client: For this reader alone, opened by ``connect(url, block_s=2)``.
        group: ``recorder`` or ``alerter``; created at the beginning of the streams where missing.
        consumer: Name that survives a restart of the process, and that no other process has.
        partitions: Number of streams.
        claim_idle_s: Entries of another consumer untouched for so long are taken over.
        max_deliveries: Handed out more often, an entry is ``poisoned``.

    All methods raise ``redis.ConnectionError`` or ``redis.TimeoutError`` when the server is away;
    call again later, the reader begins with what it may have missed.
    """

    def __init__(
        self,
        client: redis.Redis,
        group: str,
        consumer: str,
        partitions: int,
        *,
        claim_idle_s: float = 60.0,
        max_deliveries: int = 5,
    ) -> None:
        self._client: Any = client  # redis-py's types do not tell sync from async
        self._group = group
        self._consumer = consumer
        self._streams = [stream_key(p) for p in range(partitions)]
        self._attended = self._streams
        self._living: frozenset[str] | None = None
        self._claim_idle_ms = int(claim_idle_s * 1000)
        self._claim_every_s = claim_idle_s / 4
        self._max_deliveries = max_deliveries
        self._next_claim_mono_s = 0.0
        self._claim_cursor: dict[str, str] = {}
        self._has_groups = False
        self._replay: dict[str, str] = {}
        self.rewind()

    def attend(self, partitions: Iterable[int], living: frozenset[str] | None = None) -> None:
        """Take new entries of these partitions only; own ones, and those of the dead, of all.

        Args:
            partitions: Numbers.
            living: Names of the group's consumers that live. What others hold of these partitions
                is taken over with the next ``read``; None leaves it to ``claim_idle_s``.
        """
        self._attended = [stream_key(p) for p in sorted(partitions)]
        self._living = living

    def rewind(self) -> None:
        """Begin again with the entries handed out to this consumer and not acknowledged."""
        self._replay = dict.fromkeys(self._streams, "0")

    def read(self, *, block_ms: int = 1000, count: int = 500) -> list[Delivery]:
        """Return up to ``count`` entries a stream, waiting ``block_ms`` (<= 2000) for the first.

        Order: own unacknowledged ones, those of dead consumers, new ones. ``[]`` is normal.
        """
        try:
            return self._read(min(block_ms, MAX_BLOCK_MS), count)
        except (redis.ConnectionError, redis.TimeoutError):
            self.rewind()  # a lost reply may have handed entries to us
            self._has_groups = False
            raise
        except redis.ResponseError as error:
            if not str(error).startswith(("NOGROUP", "no such key")):
                raise
            self._has_groups = False  # the server lost its data: a new group from the beginning
            self.rewind()
            return []

    def ack(self, entry_ids: Iterable[EntryId]) -> None:
        """Acknowledge entries whose events are committed."""
        by_stream: dict[str, list[str]] = {}
        for entry_id in entry_ids:
            by_stream.setdefault(entry_id.stream, []).append(entry_id.id)
        with self._client.pipeline(transaction=False) as pipe:
            for stream, ids in by_stream.items():
                pipe.xack(stream, self._group, *ids)
            pipe.execute()

    def trim(self, groups: Sequence[str] = GROUPS) -> int:
        """Remove entries that every group has acknowledged; returns how many.

        Does nothing to a stream on which one of ``groups`` does not exist yet. Approximate and
        bounded: some acknowledged entries stay until the next call.
        """
        removed = 0
        for stream in self._streams:
            lowest = self._lowest_needed(stream, groups)
            if lowest is not None:
                removed += self._client.xtrim(
                    stream, minid=lowest, approximate=True, limit=TRIM_LIMIT
                )
        return removed

    def expire_consumers(self) -> None:
        """Forget consumers of this group that hold nothing and were not seen for a day."""
        for stream in self._streams:
            for info in self._client.xinfo_consumers(stream, self._group):
                name = text_of(info["name"])
                idle_s = int(info["idle"]) / 1000
                if name != self._consumer and not info["pending"] and idle_s > CONSUMER_EXPIRY_S:
                    self._client.xgroup_delconsumer(stream, self._group, name)

    def close(self) -> None:
        """Close the connection; unacknowledged entries stay with this consumer's name."""
        self._client.close()

    def _read(self, block_ms: int, count: int) -> list[Delivery]:
        if not self._has_groups:
            self._create_groups()
        if self._living is not None:
            self._inherit(self._living | {self._consumer})
        if self._replay:
            replayed = self._read_own(count)
            if replayed:
                return replayed
        if time.monotonic() >= self._next_claim_mono_s:
            claimed = self._claim(count)
            if claimed:
                return claimed
        return self._read_new(count, block_ms)

    def _create_groups(self) -> None:
        for stream in self._streams:
            try:
                self._client.xgroup_create(stream, self._group, "0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
        self._has_groups = True

    def _read_own(self, count: int) -> list[Delivery]:
        deliveries: list[Delivery] = []
        reply = self._client.xreadgroup(self._group, self._consumer, self._replay, count=count)
        for raw_stream, entries in reply or []:
            stream = text_of(raw_stream)
            if entries:
                self._replay[stream] = text_of(entries[-1][0])
            else:
                del self._replay[stream]
            deliveries += self._deliver(stream, entries, is_new=False)
        return deliveries

    def _read_new(self, count: int, block_ms: int) -> list[Delivery]:
        if not self._attended:
            time.sleep(block_ms / 1000)
            return []
        reply = self._client.xreadgroup(
            *(self._group, self._consumer, dict.fromkeys(self._attended, ">")),
            **{"count": count, "block": max(1, block_ms)},
        )
        deliveries: list[Delivery] = []
        for raw_stream, entries in reply or []:
            deliveries += self._deliver(text_of(raw_stream), entries, is_new=True)
        return deliveries

    def _inherit(self, living: frozenset[str]) -> None:
        """Make entries of the dead this consumer's own, which are handed out again from there."""
        is_done = True
        for stream in self._attended:
            for info in self._client.xinfo_consumers(stream, self._group):
                name = text_of(info["name"])
                if name in living or not info["pending"]:
                    continue
                rows = self._client.xpending_range(
                    *(stream, self._group, "-", "+", INHERIT_LIMIT, name), idle=INHERIT_IDLE_MS
                )
                ids = [row["message_id"] for row in rows]
                if ids:
                    self._client.xclaim(
                        *(stream, self._group, self._consumer, INHERIT_IDLE_MS, ids), justid=True
                    )
                    self._replay[stream] = "0"
                is_done &= len(ids) == info["pending"]
        if is_done:
            self._living = None

    def _claim(self, count: int) -> list[Delivery]:
        deliveries: list[Delivery] = []
        for stream in self._streams:
            cursor, entries, *_ = self._client.xautoclaim(
                *(stream, self._group, self._consumer, self._claim_idle_ms),
                **{"start_id": self._claim_cursor.get(stream, "0-0"), "count": min(count, 100)},
            )
            self._claim_cursor[stream] = text_of(cursor)
            if any(entry[0] is None for entry in entries):
                self.rewind()  # Redis 6 tells of deleted entries without their ids; replay does
            deliveries += self._deliver(stream, [e for e in entries if e[0]], is_new=False)
        if all(cursor == "0-0" for cursor in self._claim_cursor.values()):
            self._next_claim_mono_s = time.monotonic() + self._claim_every_s
        return deliveries

    def _deliver(self, stream: str, entries: list[Any], *, is_new: bool) -> list[Delivery]:
        times = {} if is_new or not entries else self._times_delivered(stream, entries)
        deliveries = []
        deleted = []
        for raw_id, entry in entries:
            entry_id = EntryId(stream, text_of(raw_id))
            if not entry:
                deleted.append(entry_id)  # trimmed by somebody else: nothing left to hand out
            else:
                times_delivered = times.get(entry_id.id, 1)
                deliveries.append(Delivery(entry_id, self._judge(entry, times_delivered)))
        if deleted:
            self.ack(deleted)
        return deliveries

    def _judge(self, entry: dict[bytes, bytes], times: int) -> Event | Unreadable:
        try:
            event = decode(entry)
        except EventFormatError as error:
            return Unreadable("format", str(error), _raw(entry), None, times)
        if times > self._max_deliveries:
            detail = f"handed out {times} times without being acknowledged"
            return Unreadable("poisoned", detail, _raw(entry), event, times)
        return event

    def _times_delivered(self, stream: str, entries: list[Any]) -> dict[str, int]:
        first, last = text_of(entries[0][0]), text_of(entries[-1][0])
        # This consumer may hold more in the range than the entries: those in flight.
        rows = self._client.xpending_range(
            stream, self._group, first, last, 10 * len(entries) + 1000, self._consumer
        )
        return {text_of(row["message_id"]): int(row["times_delivered"]) for row in rows}

    def _lowest_needed(self, stream: str, groups: Sequence[str]) -> str | None:
        try:
            infos = {text_of(info["name"]): info for info in self._client.xinfo_groups(stream)}
        except redis.ResponseError as error:
            if "no such key" in str(error):
                return None
            raise
        if any(group not in infos for group in groups):
            return None
        lowest = []
        for name, info in infos.items():
            # Order matters: what is delivered between the two commands is above this id.
            needed = text_of(info["last-delivered-id"])
            if info["pending"]:
                needed = text_of(self._client.xpending(stream, name)["min"] or needed)
            lowest.append(needed)
        return min(lowest, key=order_of, default=None)


def _raw(entry: dict[bytes, bytes]) -> dict[str, str]:
    return {
        key.decode(errors="replace")[:64]: value[:RAW_LIMIT].decode(errors="replace")
        for key, value in list(entry.items())[:8]
    }
