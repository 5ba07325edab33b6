"""Whether a worker keeps up with its cameras. Pure: time is an argument.

A worker takes the newest frame of each camera by turns, so that under overload all rates go down
alike. That has to be said: a camera of which less is analysed than was sampled looks like one in
front of which less happens.
"""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_S = 10.0
DEGRADED_BELOW = 0.9
"""Share of a camera's sampled frames that must be analysed over a window."""
WELL_FROM = 0.97
"""Share from which on a degraded camera is well again; higher, so that it does not flicker."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a worker keeps up.

    Attributes:
        degraded: Cameras of which too few frames are analysed.
        share: Analysed part of the frames of all cameras, 0..1, of each one's last window.
        carries: How many cameras like these the worker would carry whole.
    """

    degraded: frozenset[str]
    share: float
    carries: int


@dataclass(slots=True)
class _Window:
    """Frames of one run since an instant; ``first`` and ``last`` are indices within the run."""

    run: str
    since_s: float
    first: int
    last: int
    analysed: int = 0


class Overload:
    """Watches the shares of a worker's cameras; used by one thread."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._last: dict[str, tuple[int, int]] = {}
        """Analysed and sampled frames of each camera's last whole window."""
        self._degraded: set[str] = set()

    def see(
        self, camera: str, run: str, index: int, now_s: float, *, is_analysed: bool = True
    ) -> None:
        """Note what became of a frame that was taken; those never taken show in the next index.

        Args:
            camera: Its camera.
            run: Its run.
            index: Its number among the run's sampled frames.
            now_s: Monotonic.
            is_analysed: Whether it was, or had grown stale.
        """
        window = self._windows.get(camera)
        if window is None or window.run != run:
            self._windows[camera] = _Window(run, now_s, index, index)
            return
        window.analysed += is_analysed
        window.last = index
        if now_s - window.since_s >= WINDOW_S:
            self._close(camera, window)
            self._windows[camera] = _Window(run, now_s, index, index)

    def forget(self, camera: str) -> None:
        """Leave out a camera that is offline."""
        for known in (self._windows, self._last):
            known.pop(camera, None)
        self._degraded.discard(camera)

    def load(self) -> Load:
        """Return how things stand."""
        analysed = sum(done for done, _ in self._last.values())
        sampled = sum(all_ for _, all_ in self._last.values())
        share = analysed / sampled if sampled else 1.0
        return Load(frozenset(self._degraded), share, int(share * len(self._last)))

    def _close(self, camera: str, window: _Window) -> None:
        sampled = max(window.last - window.first, window.analysed)
        self._last[camera] = window.analysed, sampled
        share = window.analysed / sampled
        if share < DEGRADED_BELOW:
            self._degraded.add(camera)
        elif share >= WELL_FROM:
            self._degraded.discard(camera)
