"""What the recorder does beside recording: partitions, retention, trimming of the streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import redis

from surveil.events.consumer import GroupReader
from surveil.events.progress import sweep_committed
from surveil.logs import get_logger
from surveil.store import audit
from surveil.store.engine import Database, writing
from surveil.store.leases import KEEP_DAYS, forget_leases
from surveil.store.partitions import ensure_partitions
from surveil.store.retention import cutoff_at, prune

DAYS_AHEAD = 2
OLDEST_DAYS = 400
"""Events further back than this go to the default partition: a wrong clock must not make tables."""
TRIM_EVERY_S = 5.0
SWEEP_EVERY_S = 600.0
PRUNE_EVERY_S = 3600.0
FORGET_EVERY_S = 24 * 3600.0

_log = get_logger("recorder")


class Upkeep:
    """Small steps, taken by the recorder between batches.

    Args:
        database: The recorder's.
        days: How many days of raw rows are kept; None keeps all.
        own_days: The same of the cameras that are kept for less.
        audit_days: How many days of the audit log are kept; None keeps all.
        now: The wall clock, in UTC.
        prune_every_s: Pause between two rounds of deleting.
    """

    def __init__(
        self,
        database: Database,
        days: int | None,
        own_days: Mapping[str, int] | None = None,
        *,
        audit_days: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        prune_every_s: float = PRUNE_EVERY_S,
    ) -> None:
        self._database = database
        self._days = days
        self._own_days = dict(own_days or {})
        self._audit_days = audit_days
        self._now = now
        self._prune_every_s = prune_every_s
        self._partitioned: set[date] = set()
        self._pruning: Iterator[int] | None = None
        self._next_mono_s = dict.fromkeys(("trim", "sweep", "prune"), 0.0)
        self._next_mono_s["leases"] = time.monotonic() + FORGET_EVERY_S

    def prepare_days(self, instants: Iterable[datetime]) -> None:
        """Create the partitions that events of some instants, and the next days, need.

        Raises:
            UnavailableError: SQL is away.
        """
        if self._database.dialect.name != "postgresql":
            return
        today = self._now().date()
        oldest, newest = today - timedelta(days=OLDEST_DAYS), today + timedelta(days=DAYS_AHEAD)
        wanted = {today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)}
        wanted |= {day for at in instants if oldest <= (day := at.date()) <= newest}
        missing = wanted - self._partitioned
        if missing:
            with writing(self._database) as connection:
                ensure_partitions(connection, missing)
            self._partitioned |= missing

    def prune_step(self) -> bool:
        """Delete a little of what is no longer kept; return whether there may be more.

        Raises:
            UnavailableError: SQL is away; the work is begun anew at the next hour.
        """
        if self._is_due("leases", FORGET_EVERY_S):
            with writing(self._database) as connection:
                forget_leases(connection, self._now() - timedelta(days=KEEP_DAYS))
        if self._days is None and not self._own_days and self._audit_days is None:
            return False
        if self._pruning is None:
            if not self._is_due("prune", self._prune_every_s):
                return False
            now = self._now()
            self._pruning = self._prune(now)
            if self._days is not None:
                # Dropped partitions are made again if a very late event needs them.
                first = cutoff_at(now, self._days).date()
                self._partitioned = {day for day in self._partitioned if day >= first}
        steps, self._pruning = self._pruning, None
        if next(steps, None) is None:
            return False
        self._pruning = steps
        return True

    def _prune(self, now: datetime) -> Iterator[int]:
        if self._days is not None:
            yield from prune(self._database, cutoff_at(now, self._days), actor="recorder", now=now)
        for days in sorted(set(self._own_days.values())):
            only = [camera for camera, own in self._own_days.items() if own == days]
            before_at = cutoff_at(now, days)
            yield from prune(self._database, before_at, actor="recorder", now=now, only=only)
        if self._audit_days is not None:
            before_at = cutoff_at(now, self._audit_days)
            yield from audit.cut(self._database, before_at, actor="recorder", now=now)

    def trim(self, reader: GroupReader, client: redis.Redis) -> None:
        """Remove what every group has acknowledged, and forget runs that ended long ago.

        Raises:
            redis.RedisError: Redis is away.
        """
        if self._is_due("trim", TRIM_EVERY_S):
            reader.trim()
        if self._is_due("sweep", SWEEP_EVERY_S):
            sweep_committed(client)
            reader.expire_consumers()

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        is_due = now >= self._next_mono_s[what]
        if is_due:
            self._next_mono_s[what] = now + every_s
        return is_due
