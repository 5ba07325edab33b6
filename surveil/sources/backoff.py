"""How long to wait before the next attempt to connect. Pure but for the dice."""

from __future__ import annotations

import random

from surveil.domain import Reason

BASE_S = 0.5
CAP_S = 30.0
STABLE_S = 10.0
AUTH_S = (30.0, 60.0)


class Backoff:
    """Exponential back-off with full jitter (M. Brooker, AWS Architecture Blog, 2015).

    Every delay is drawn evenly from 0 to a ceiling that doubles from ``BASE_S`` to ``CAP_S``, so
    cameras that were lost together do not come back together. Refused credentials wait for
    ``AUTH_S`` instead: cameras lock accounts after a few failures.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._failures = 0

    def next_delay_s(self, reason: Reason, live_s: float) -> float:
        """Return the seconds to wait.

        Args:
            reason: Why the attempt or the stream ended.
            live_s: How long the stream had been live. Only one that lasted ``STABLE_S`` starts the
                count anew; one that breaks at once must not be retried at once for ever.
        """
        if live_s >= STABLE_S:
            self._failures = 0
        if reason in (Reason.AUTH_FAILED, Reason.AUTH_UNSUPPORTED):
            return self._dice.uniform(*AUTH_S)
        ceiling_s = min(CAP_S, BASE_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self._dice.uniform(0.0, ceiling_s)
