"""Budgets of tries: how often somebody may try what others should not be able to."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from surveil.web.problems import TooOftenError

TRIES_REFILL_S = 30.0
"""One try comes back each so long."""


class Tries:
    """A budget of tries for each address and name; bounded in memory.

    Args:
        mono_s: The monotonic clock.
        most: Subjects that are remembered; those longest unused are forgotten.
    """

    def __init__(self, *, mono_s: Callable[[], float] = time.monotonic, most: int = 10_000) -> None:
        self._mono_s = mono_s
        self._most = most
        self._lock = threading.Lock()
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, subject: str, size: int) -> None:
        """Take one try.

        Args:
            subject: Whose budget.
            size: How many a full budget has; one comes back each :data:`TRIES_REFILL_S`.

        Raises:
            TooOftenError: None is left.
        """
        now_s = self._mono_s()
        with self._lock:
            left, since_s = self._spent.get(subject, (float(size), now_s))
            left = min(float(size), left + (now_s - since_s) / TRIES_REFILL_S)
            granted = left >= 1
            self._spent[subject] = (left - 1 if granted else left, now_s)
            self._spent.move_to_end(subject)
            while len(self._spent) > self._most:
                self._spent.popitem(last=False)
        if not granted:
            raise TooOftenError("too many tries to log in", (1 - left) * TRIES_REFILL_S)
