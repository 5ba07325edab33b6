"""How long to wait before the next attempt to connect to a camera."""

from __future__ import annotations

import random

from surveil.backoff import Backoff
from surveil.domain import Reason

STABLE_S = 10.0
AUTH_S = (30.0, 60.0)


class CameraBackoff:
    """A back-off that waits for ``AUTH_S`` after refused credentials: cameras lock accounts.

    Only a stream that lasted ``STABLE_S`` starts the count anew.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._backoff = Backoff(stable_s=STABLE_S, dice=dice)

    def next_delay_s(self, reason: Reason, live_s: float) -> float:
        """Return the seconds to wait.

        Args:
            reason: Why the attempt or the stream ended.
            live_s: How long the stream had been live.
        """
        if reason in (Reason.AUTH_FAILED, Reason.AUTH_UNSUPPORTED):
            return self._dice.uniform(*AUTH_S)
        return self._backoff.next_delay_s(live_s)
