"""What is usual at cameras, from the rollups in SQL: for the alerter and for replays alike."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from surveil.errors import UnavailableError
from surveil.rules.baselines import HOUR_S, Baseline, Lookback, hour_of
from surveil.rules.model import Rule
from surveil.store.engine import Database, reading
from surveil.store.reading.hours import read_hours
from surveil.store.scope import Scope

AHEAD_S = HOUR_S / 2
"""How long before its hour a baseline may be read: it has ended by then."""
MAX_HELD = 50_000
"""Baselines held at once, of about a kilobyte each."""
RETRY_S = 10.0
"""How long nothing is asked of a database that did not answer."""


class SqlBaselines:
    """A :class:`surveil.rules.baselines.Baselines`. Owned by one thread.

    Each is read once: when it is first asked for, or ahead of its hour by :meth:`prepare`. Of each
    camera those of about four hours are held, for events that come late.

    Args:
        database: Where the rollups are.
        rules: Whose conditions compare.
        cameras: Labels by id.
        miss: Told when the database does not answer; what is asked meanwhile is not known.
    """

    def __init__(
        self,
        database: Database,
        rules: Sequence[Rule],
        cameras: Mapping[str, Mapping[str, str]],
        miss: Callable[[UnavailableError], None],
    ) -> None:
        self._database = database
        self._scope = Scope.only(cameras)
        self._miss = miss
        self._asked = sorted(
            {
                (camera, condition.lookback)
                for rule in rules
                for condition in rule.conditions
                if condition.lookback is not None
                for camera, labels in cameras.items()
                if rule.matches(camera, labels)
            },
            key=str,
        )
        self._held: OrderedDict[tuple[str, Lookback, datetime], Baseline] = OrderedDict()
        self._retry_mono_s = 0.0
        self._ahead: list[tuple[str, Lookback]] = []
        self._ahead_of: datetime | None = None

    def find(self, camera: str, lookback: Lookback, hour_at: datetime) -> Baseline | None:
        """Return what was usual; None while SQL is away."""
        key = camera, lookback, hour_at
        held = self._held.get(key)
        if held is not None:
            self._held.move_to_end(key)
            return held
        if time.monotonic() < self._retry_mono_s:
            return None
        hours = lookback.hours(hour_at)
        try:
            with reading(self._database) as connection:
                sums = read_hours(connection, self._scope, camera, hours)
        except UnavailableError as error:
            self._retry_mono_s = time.monotonic() + RETRY_S
            self._miss(error)
            return None
        found = Baseline(len(hours), sums.analysed_s, sums.votes, sums.score_sums)
        self._held[key] = found
        while len(self._held) > min(MAX_HELD, 4 * len(self._asked)):
            self._held.popitem(last=False)
        return found

    def prepare(self, now_at: datetime) -> None:
        """Read one of those that the next hour needs; call it often, so that no hour begins slowly.

        A fleet's baselines are so read over half an hour, and not at once when it strikes.
        """
        hour_at = hour_of((now_at + timedelta(seconds=AHEAD_S)).timestamp())
        if hour_at != self._ahead_of:
            self._ahead_of, self._ahead = hour_at, list(self._asked)
        if self._ahead:
            self.find(*self._ahead.pop(), hour_at)
