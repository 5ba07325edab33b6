"""Send what is in the spool to the streams, and forget what SQL has committed.

Runs in a thread of the inference process with a connection of its own: however long Redis is away,
analysis goes on and the spool is the queue. Sending twice is allowed, so every doubt is answered by
sending again: after a lost reply, when the server's stream ends before what was sent to it (it lost
data), and when SQL has not committed the oldest event for too long.

Whatever a round meets, known or not, is counted and tried again: whoever may write to Redis could
otherwise end the worker. Nor can they make it delete what it has not sent.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis

from surveil.backoff import Backoff
from surveil.errors import SurveilError
from surveil.events.connection import check_eviction, explain, open_client
from surveil.events.progress import read_committed
from surveil.events.spool import Spool, SpoolEntry
from surveil.events.streams import order_of, partition_of, stream_key
from surveil.logs import get_logger
from surveil.reminders import Reminder

BATCH = 500
DRAIN_PAUSE_S = 0.2
"""Between two attempts of a publisher that is to end."""

_log = get_logger("events")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a publisher does what.

    Attributes:
        idle_s: A round without news.
        progress_every_s: What SQL has committed is asked for.
        check_every_s: The server is asked whether it evicts keys; after a failure too.
        retry_most_s: Ceiling of the wait for a server that is away.
        resend_least_s: An event that stays uncommitted for so long is sent again; the wait doubles
            up to ``resend_most_s``.
        resend_most_s: See there.
    """

    idle_s: float = 0.5
    progress_every_s: float = 1.0
    check_every_s: float = 30.0
    retry_most_s: float = 10.0
    resend_least_s: float = 60.0
    resend_most_s: float = 900.0


@dataclass(slots=True)
class PublisherStats:
    """What the publisher has done; written by its thread, read by any.

    Attributes:
        is_connected: Whether the last round reached Redis.
        rounds: Rounds, failed ones included.
        published: Entries sent, repeated ones included.
        forgotten: Entries deleted from the spool.
        failures: Rounds that failed.
        lag_s: Age of the oldest entry not yet sent, 0 when all are sent.
    """

    is_connected: bool = False
    rounds: int = 0
    published: int = 0
    forgotten: int = 0
    failures: int = 0
    lag_s: float = 0.0


class Publisher:
    """Sends one spool to one Redis.

    Args:
        spool: Shared with the thread that appends.
        url: Of Redis, with credentials.
        partitions: Number of streams.
        on_round: Called after each round, in the publisher's thread; for metrics.
        pace: How often it does what.
    """

    def __init__(
        self,
        spool: Spool,
        url: str,
        partitions: int,
        *,
        on_round: Callable[[PublisherStats], None] = lambda stats: None,
        pace: Pace | None = None,
    ) -> None:
        self.stats = PublisherStats()
        self._spool = spool
        self._partitions = partitions
        self._on_round = on_round
        self._pace = pace or Pace()
        self._backoff = Backoff(most_s=self._pace.retry_most_s)
        self._trouble = Reminder()
        self._client: Any = open_client(url)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._drain_until_mono_s = 0.0
        self.thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._sent_id = 0
        self._behind_since_mono_s: float | None = None
        self._last_sent: dict[str, tuple[int, int]] = {}
        self._sent_seqs: dict[str, int] = {}
        self._next_check_mono_s = 0.0
        self._next_progress_mono_s = 0.0
        self._oldest: tuple[int, float] = (0, 0.0)
        self._resend_after_s = self._pace.resend_least_s

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def wake(self) -> None:
        """Say that the spool has something new; cheap, from any thread."""
        self._wake.set()

    def stop(self, drain_s: float) -> None:
        """Send what can be sent within ``drain_s`` seconds, and end the thread."""
        self._drain_until_mono_s = time.monotonic() + drain_s
        self._stopping.set()
        self._wake.set()
        if self.thread.is_alive():
            self.thread.join(drain_s + 1.0)

    def publish_round(self) -> bool:
        """Check the server, send one batch, forget what is committed; returns whether more waits.

        Raises:
            redis.RedisError: Redis is away, full or refuses; the spool keeps everything.
            sqlite3.Error: The spool's disk failed.
            UnavailableError: The server must not be used; see ``check_eviction``.
        """
        now = time.monotonic()
        if now >= self._next_check_mono_s:
            check_eviction(self._client)
            self._look_for_loss()
            self._next_check_mono_s = now + self._pace.check_every_s
        entries = self._spool.pending(self._sent_id, BATCH)
        if entries:
            self._send(entries)
        if time.monotonic() >= self._next_progress_mono_s:
            self._forget_committed()
            self._look_for_loss()
            self._next_progress_mono_s = time.monotonic() + self._pace.progress_every_s
        if len(entries) < BATCH:
            self._behind_since_mono_s = None
        self.stats.is_connected = True
        return len(entries) == BATCH

    def _run(self) -> None:
        while True:
            self._wake.clear()  # before looking: what is appended from here on wakes us again
            is_last = self._stopping.is_set()
            more, pause_s = False, 0.0
            try:
                more = self.publish_round()
                self._measure()
            except Exception as error:  # noqa: BLE001  (any failure is a counted retry)
                pause_s = self._fail(error)
            else:
                self._backoff.reset()
                self._trouble.end()
            self.stats.rounds += 1
            self._on_round(self.stats)
            has_failed = self._backoff.failures > 0
            if is_last:
                done = not more and not has_failed
                if done or time.monotonic() >= self._drain_until_mono_s:
                    self._client.close()
                    return
            if has_failed:
                self._pause(pause_s)
            elif not more:
                self._wake.wait(self._pace.idle_s)

    def _fail(self, error: Exception) -> float:
        """Count a failure, name the first of a row and then hourly, and return how long to wait."""
        if self._trouble.is_due():
            _log.warning(
                "publisher.failed",
                error=str(error) if isinstance(error, SurveilError) else explain(error),
                kind=type(error).__name__,
                pending=self._spool.pending_count,
            )
        self.stats.failures += 1
        self.stats.is_connected = False
        self._next_check_mono_s = 0.0
        with suppress(sqlite3.Error):
            self._measure()
        self._client.connection_pool.disconnect()
        return self._backoff.next_delay_s()

    def _pause(self, seconds: float) -> None:
        if self._stopping.is_set():
            time.sleep(min(seconds, DRAIN_PAUSE_S))
        else:
            self._stopping.wait(seconds)

    def _measure(self) -> None:
        now = time.monotonic()
        if self._behind_since_mono_s is None and self._spool.pending(self._sent_id, 1):
            self._behind_since_mono_s = now
        since = self._behind_since_mono_s
        self.stats.lag_s = 0.0 if since is None else now - since

    def _send(self, entries: list[SpoolEntry]) -> None:
        keys = [stream_key(partition_of(entry.camera, self._partitions)) for entry in entries]
        with self._client.pipeline(transaction=True) as pipe:  # all or none: order holds
            for key, entry in zip(keys, entries, strict=True):
                pipe.xadd(key, entry.fields)
            ids = pipe.execute()
        for key, entry, entry_id in zip(keys, entries, ids, strict=True):
            self._last_sent[key] = order_of(entry_id)
            self._sent_seqs[entry.run] = max(entry.seq, self._sent_seqs.get(entry.run, 0))
        self._sent_id = entries[-1].id
        self.stats.published += len(entries)

    def _forget_committed(self) -> None:
        """Delete what SQL has committed, by the word of Redis, but never what was not sent yet.

        That word is anybody's who may write to Redis; what nobody has been sent nobody has stored.
        """
        runs = self._spool.pending_runs()
        for run, seq in read_committed(self._client, runs).items():
            sent = self._sent_seqs.get(run, 0)
            self.stats.forgotten += self._spool.forget(run, min(seq, sent))
        self._sent_seqs = {run: self._sent_seqs[run] for run in runs if run in self._sent_seqs}
        self._resend_if_ignored()

    def _resend_if_ignored(self) -> None:
        """Send everything again when the oldest event stays uncommitted for too long.

        Covers what cannot be seen otherwise, such as a stream deleted and written anew by others.
        The wait doubles, so an outage of SQL does not fill the streams with copies.
        """
        now = time.monotonic()
        oldest = self._spool.pending(0, 1)
        if not oldest or oldest[0].id > self._sent_id:
            self._oldest = (0, now)
            self._resend_after_s = self._pace.resend_least_s
            return
        if oldest[0].id != self._oldest[0]:
            self._oldest = (oldest[0].id, now)
            self._resend_after_s = self._pace.resend_least_s
        elif now - self._oldest[1] > self._resend_after_s:
            self._sent_id = 0
            self._oldest = (oldest[0].id, now)
            self._resend_after_s = min(2 * self._resend_after_s, self._pace.resend_most_s)

    def _look_for_loss(self) -> None:
        """Send everything again if a stream ends before what was sent to it."""
        for key, sent in self._last_sent.items():
            try:
                info = self._client.xinfo_stream(key)
                is_lost = order_of(info["last-generated-id"]) < sent
            except redis.ResponseError as error:
                if "no such key" not in str(error):
                    raise
                is_lost = True
            if is_lost:
                _log.warning("publisher.resends", stream=key)
                self._sent_id = 0
                self._last_sent.clear()
                return
