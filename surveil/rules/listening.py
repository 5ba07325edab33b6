"""Since when silence means something."""

from __future__ import annotations

from surveil.rules.presence import START_GRACE_S


class Listening:
    """Since when events are read without a break, and since when there is somebody to send them.

    Args:
        start_s: When reading began.
        patience_s: How far event time may lie behind the clock.

    Attributes:
        since_s: Since when events are read without a break.
    """

    def __init__(self, start_s: float, patience_s: float) -> None:
        self.since_s = start_s
        self._start_s = start_s
        self._patience_s = patience_s
        self._ready_s: float | None = None

    def is_ready(self, clock_s: float) -> bool:
        """Return whether inference was heard of any camera since the start, by the time given."""
        return self._ready_s is not None and self._ready_s <= clock_s

    def foresee(self, ready_s: float) -> None:
        """Say when inference is heard of, of a camera that this engine does not have."""
        self._ready_s = ready_s

    def hear(self, at_s: float) -> None:
        """Take note that inference speaks of a camera; what it said before the start is no sign."""
        if self._ready_s is None and at_s >= self._start_s - self._patience_s:
            self._ready_s = at_s

    def resume(self, at_s: float) -> None:
        """Take note that events could not be read until now."""
        self.since_s = max(self.since_s, at_s)

    def counts_from_s(self, clock_s: float) -> float:
        """Return since when the silence of cameras counts, by the time ``clock_s``.

        Not while inference was never heard of: every start would be the silence of all cameras. But
        what has not come within ``START_GRACE_S`` is not starting any more.
        """
        if self._ready_s is not None and self._ready_s <= clock_s:
            return max(self.since_s, self._ready_s)
        return clock_s if clock_s - self._start_s < START_GRACE_S else self.since_s

    def move(self, by_s: float) -> None:
        """Follow a clock that was set."""
        self.since_s += by_s
        self._start_s += by_s
        self._ready_s = None if self._ready_s is None else self._ready_s + by_s
