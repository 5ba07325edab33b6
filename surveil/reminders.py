"""When to tell of something that goes on: at once, then hourly, not at every try."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_S = 3600.0
"""Between two lines about one trouble that goes on."""


class Reminder:
    """One trouble, such as a server that is away.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_mono_s: float | None = None
        self.tries = 0

    @property
    def is_on(self) -> bool:
        """Whether the trouble goes on."""
        return self.tries > 0

    def is_due(self) -> bool:
        """Count one more failure, and return whether it is to be told."""
        self.tries += 1
        now = self._clock()
        if self._told_mono_s is not None and now - self._told_mono_s < EVERY_S:
            return False
        self._told_mono_s = now
        return True

    def end(self) -> bool:
        """Take note that all is well, and return whether it was not."""
        was_on = self.is_on
        self.tries, self._told_mono_s = 0, None
        return was_on
