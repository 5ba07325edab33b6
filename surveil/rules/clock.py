"""The wall clock as the engine is told of it, and where on it an event belongs.

A clock that is set moves nothing in the world: the engine moves its whole past along instead (see
:meth:`surveil.rules.engine.RuleEngine.tell`). Events keep coming that were stamped before, or by a
capture process whose run goes on in the time in which it began; they are moved along as well.
"""

from __future__ import annotations

from collections import deque
from math import inf, isfinite

AHEAD_S = 60.0
"""An event further ahead of the clock is dropped: it would drag event time along."""
TICK_S = 0.25
"""How often the owner of an engine lets time pass where no event does."""
LIVE_S = 60.0
"""An event stamped longer ago is old, by whatever clock."""
MAX_STEPS = 8
"""Steps of the clock that are remembered."""


class WallClock:
    """Now, and how far the clock was set lately.

    Attributes:
        now_s: Seconds since the epoch; ``-inf`` before anybody told.
        caught_up_s: What it showed when all events had last been read. While some wait to be read,
            only up to then does it say anything about cameras.
    """

    def __init__(self) -> None:
        self.now_s = -inf
        self.caught_up_s = -inf
        self._steps_s: deque[float] = deque(maxlen=MAX_STEPS)

    def tell(self, now_s: float) -> None:
        """Take the present time; it never runs back, but by :meth:`set_by`."""
        self.now_s = max(self.now_s, now_s)

    def catch_up(self) -> None:
        """Take note that all events have been read."""
        self.caught_up_s = self.now_s

    def set_by(self, step_s: float) -> None:
        """Take note that the clock was set by so many seconds."""
        self.now_s += step_s
        self.caught_up_s += step_s
        self._steps_s = deque((past_s + step_s for past_s in self._steps_s), maxlen=MAX_STEPS)
        self._steps_s.append(step_s)

    def correction_s(self, at_s: float) -> float:
        """Return what to add to an event's instant to have it by the present clock.

        Of the explanations (stamped by the present clock, or before one of the last steps) the one
        by which it is newest, if by that it is of now; else 0, since it is old.
        """
        age_s = self.now_s - at_s
        if not self._steps_s or not isfinite(age_s):
            return 0.0
        nearest_s = min((0.0, *self._steps_s), key=lambda step_s: abs(age_s - step_s))
        return nearest_s if abs(age_s - nearest_s) <= LIVE_S else 0.0

    def is_ahead(self, at_s: float) -> bool:
        """Return whether an instant, corrected, is too far in the future."""
        return isfinite(self.now_s) and at_s > self.now_s + AHEAD_S
