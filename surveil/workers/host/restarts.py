"""When a lost worker may be started again: pure, with the time as an argument."""

from __future__ import annotations

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
