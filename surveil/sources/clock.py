"""The instants of a run: fixed once, on the capturing host."""

from __future__ import annotations

from datetime import datetime, timedelta

_STEP = timedelta(microseconds=1)


class RunClock:
    """Turns monotonic seconds into UTC instants that strictly grow within a run.

    The wall clock is read once, at the start of the run. So it may be set, or leap, without a frame
    coming before the one it follows.
    """

    def __init__(self, started_at: datetime, started_mono_s: float) -> None:
        self.started_at = started_at
        self.started_mono_s = started_mono_s
        self._last_at = started_at - _STEP

    def stamp(self, mono_s: float) -> datetime:
        """Return the instant of ``mono_s``, or the first free one after the last one given."""
        at = self.started_at + timedelta(seconds=mono_s - self.started_mono_s)
        self._last_at = max(at, self._last_at + _STEP)
        return self._last_at
