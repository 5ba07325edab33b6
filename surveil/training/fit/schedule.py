"""The learning rate over a run, and how long the rest of it will take."""

from __future__ import annotations

import math
from collections import deque
from statistics import median


def rate_at(step: int, *, steps: int, warmup_steps: float, peak: float) -> float:
    """Return the rate of a step (from 0): linear rise to ``peak``, then half a cosine to zero.

    Loshchilov and Hutter 2017 (cosine), Goyal et al. 2017 (warm-up).
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(steps - warmup_steps, 1)
    return peak * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class Pace:
    """Estimates the time left from the median of recent steps; a pause does not spoil it."""

    def __init__(self, window: int = 101) -> None:
        self._recent: deque[float] = deque(maxlen=window)

    def step(self, duration_s: float, cost: float) -> None:
        """Note a step; ``cost`` is its work in any unit, the same as for :meth:`left_s`."""
        self._recent.append(duration_s / cost)

    def left_s(self, cost: float) -> float:
        """Return the seconds that work of ``cost`` will take; infinity before the first step."""
        return median(self._recent) * cost if self._recent else math.inf
