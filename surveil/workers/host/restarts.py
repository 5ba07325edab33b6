"""When a lost worker may be started again: pure, with the time as an argument."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class RestartBudget:
    """A token bucket for the restarts of a whole fleet.

    One budget for all workers, because it is the host that a spawn storm takes down (Scrypted
    PR 2031), not the worker. An empty bucket delays restarts; it never ends them.

    Attributes:
        size: Restarts that may follow each other at once.
        refill_s: Seconds until one restart is given back.
    """

    size: int = 10
    refill_s: float = 6.0
    _tokens: float = field(init=False)
    _filled_mono_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tokens = float(self.size)

    def take(self, now_mono_s: float) -> bool:
        """Return whether a restart may happen now, and count it if so."""
        if self._filled_mono_s is not None:
            gained = (now_mono_s - self._filled_mono_s) / self.refill_s
            self._tokens = min(float(self.size), self._tokens + gained)
        self._filled_mono_s = now_mono_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


@dataclass
class Backoff:
    """Exponential delay with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015).

    Attributes:
        first_s: Upper bound of the first delay.
        most_s: Upper bound of every delay.
        stable_s: A worker that lived this long starts again from ``first_s``.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    stable_s: float = 60.0
    rng: random.Random = field(default_factory=random.Random)
    _failures: int = 0

    def next_delay_s(self, lived_s: float) -> float:
        """Return the seconds to wait before the next start of a worker that lived ``lived_s``."""
        if lived_s >= self.stable_s:
            self._failures = 0
        bound = min(self.most_s, self.first_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self.rng.uniform(0.0, bound)
