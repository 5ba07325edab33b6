"""How long to wait before the next attempt. Pure but for the dice."""

from __future__ import annotations

import random

FIRST_S = 0.5
MOST_S = 30.0
STABLE_S = 60.0


class Backoff:
    """Exponential back-off with full jitter (M. Brooker, AWS Architecture Blog, 2015).

    Each delay is drawn evenly from 0 to a ceiling that doubles with every failure, so what was lost
    together does not come back together.

    Args:
        first_s: Ceiling of the first delay.
        most_s: Ceiling of every delay.
        stable_s: What went well for so long begins again at ``first_s``; what breaks at once must
            not be tried again at once for ever.
        dice: Source of jitter.
    """

    def __init__(
        self,
        *,
        first_s: float = FIRST_S,
        most_s: float = MOST_S,
        stable_s: float = STABLE_S,
        dice: random.Random | None = None,
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._stable_s = stable_s
        self._dice = dice or random.Random()  # noqa: S311  (jitter is no secret)
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._failures

    def reset(self) -> None:
        """Begin again at ``first_s``: an attempt has succeeded."""
        self._failures = 0

    def next_delay_s(self, lived_s: float = 0.0) -> float:
        """Count a failure, and return the seconds to wait.

        Args:
            lived_s: How long things went well before it.
        """
        if lived_s >= self._stable_s:
            self._failures = 0
        ceiling_s = min(self._most_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return self._dice.uniform(0.0, ceiling_s)
