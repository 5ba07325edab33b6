"""Wall and processor time, over alternating runs.

On a machine that does other work too, wall time tells of that work: processor time does not, or
less. Two ways are compared by turns in one process, so that a noisy minute falls on both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median


@dataclass(slots=True)
class Lap:
    """What one run of something took.

    Attributes:
        wall_s: Seconds by the clock.
        cpu_s: Seconds of processor time of this process, all of its threads; not of its children.
        units: Things done: events, frames, faces.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    units: int = 1

    @property
    def per_s(self) -> float:
        """Units a second by the clock."""
        return self.units / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time a unit."""
        return self.cpu_s / self.units * 1e6


@contextmanager
def lap(units: int = 1) -> Iterator[Lap]:
    """Measure what stands within; the lap that it gives is filled in at the end."""
    result = Lap(units=units)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    try:
        yield result
    finally:
        result.wall_s = time.perf_counter() - wall_s
        result.cpu_s = time.process_time() - cpu_s


def alternate(ways: Mapping[str, Callable[[], Lap]], rounds: int) -> dict[str, list[Lap]]:
    """Run each of some ways by turns, ``rounds`` times; whoever warms up does so beforehand."""
    laps: dict[str, list[Lap]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            laps[name].append(run())
    return laps


def middle(laps: list[Lap]) -> Lap:
    """Return the medians of wall and processor time, each by itself, of laps of equal units."""
    return Lap(
        wall_s=median(one.wall_s for one in laps),
        cpu_s=median(one.cpu_s for one in laps),
        units=laps[0].units,
    )
