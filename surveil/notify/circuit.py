"""When a receiver that does not answer is asked again, and with how much."""

from __future__ import annotations

import random
from enum import StrEnum

from surveil.notify.schedule import LONGEST_PAUSE_S, delay_s


class CircuitState(StrEnum):
    """Whether messages go to a receiver: all, one to see, or none for now."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class Circuit:
    """Opens with the first attempt that finds nobody there, or somebody who is overloaded.

    While it is open nothing is sent; after a pause it is half-open, and one message shows whether
    the receiver is back. Pauses are drawn evenly from 0 to a bound that doubles with each failure,
    or are what the receiver asked for. Of one thread.

    Attributes:
        state: Where it stands.
    """

    def __init__(self, dice: random.Random | None = None) -> None:
        self.state = CircuitState.CLOSED
        self._failures = 0
        self._dice = dice or random.Random()  # noqa: S311  jitter, not a secret

    def try_again(self) -> None:
        """Say that the pause is over."""
        if self.state is CircuitState.OPEN:
            self.state = CircuitState.HALF_OPEN

    def fail(self, asked_s: float | None) -> float:
        """Take note that nobody answered; return for how many seconds to rest.

        Args:
            asked_s: How long the receiver asked to be left alone, if it did.
        """
        self.state = CircuitState.OPEN
        self._failures += 1
        pause_s = delay_s(self._failures, self._dice.random(), longest_s=LONGEST_PAUSE_S)
        return max(pause_s, asked_s or 0.0)

    def answer(self) -> bool:
        """Take note that it answered; return whether it had been away."""
        was_away = self.state is not CircuitState.CLOSED
        self.state, self._failures = CircuitState.CLOSED, 0
        return was_away
