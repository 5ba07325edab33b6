"""Notices when the wall clock is set.

Durations are measured with the monotonic clock; but instants that came from outside (events, rows)
are the wall clock's, and whoever compares them with the present must know when it jumped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

STEP_S = 2.0
"""A difference of the two clocks that is no drift: NTP slews by half a millisecond a second."""


class WatchedClock:
    """The wall clock, watched by the monotonic one. A suspended host is a clock that was set.

    Args:
        now: The wall clock.
        monotonic: Seconds that only ever pass.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now = now
        self._monotonic = monotonic
        self._offset_s = self.now().timestamp() - monotonic()

    def read(self) -> tuple[datetime, float]:
        """Return the present, and by how many seconds the clock was set since the last call.

        The latter is 0 if it was not; what was set lies in the present already.
        """
        now_at, before_s = self.now(), self._offset_s
        self._offset_s = now_at.timestamp() - self._monotonic()
        step_s = self._offset_s - before_s
        return now_at, step_s if abs(step_s) >= STEP_S else 0.0
