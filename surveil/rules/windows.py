"""The last intervals of each camera.

Instants are seconds since the epoch (UTC) as floats in here: windows are arithmetic.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, replace

from surveil.domain import IntervalEvent
from surveil.rules.reading import Vote

MAX_SAMPLES = 40_000
"""Most intervals held per camera, whatever the windows ask for."""
EPSILON_S = 1e-6


@dataclass(frozen=True, slots=True)
class Sample:
    """One interval: when, how many frames were analysed, and the votes."""

    from_s: float
    to_s: float
    analysed: int
    votes: tuple[Vote, ...]


def sample_of(event: IntervalEvent, correction_s: float = 0.0) -> Sample:
    """Return what rules need of an interval event, its instants corrected by so much."""
    return Sample(
        from_s=event.from_at.timestamp() + correction_s,
        to_s=event.to_at.timestamp() + correction_s,
        analysed=event.frames.analysed,
        votes=tuple(
            Vote(event.run, track.track_id, track.emotion, track.confidence, track.scores)
            for track in event.tracks
        ),
    )


class CameraWindow:
    """The last intervals of one camera, in order of time whatever the order of arrival.

    Args:
        horizon_s: How far back from the newest interval samples are kept.
    """

    def __init__(self, horizon_s: float) -> None:
        self.horizon_s = horizon_s
        self.watermark_s: float | None = None
        self.analysed_s: float | None = None
        self._samples: list[Sample] = []

    def add(self, sample: Sample) -> bool:
        """Take in one interval; return false if it is older than the horizon and was not kept."""
        newest_s = max(self.watermark_s or sample.to_s, sample.to_s)
        oldest_s = newest_s - self.horizon_s
        if sample.analysed > 0:
            self.analysed_s = max(self.analysed_s or sample.to_s, sample.to_s)
        self.watermark_s = newest_s
        if sample.to_s <= oldest_s:
            return False
        insort(self._samples, sample, key=lambda known: known.to_s)
        stale = next((i for i, s in enumerate(self._samples) if s.to_s > oldest_s), 0)
        del self._samples[: max(stale, len(self._samples) - MAX_SAMPLES)]
        return True

    def move(self, by_s: float) -> None:
        """Follow a clock that was set."""
        self.watermark_s = None if self.watermark_s is None else self.watermark_s + by_s
        self.analysed_s = None if self.analysed_s is None else self.analysed_s + by_s
        self._samples = [
            replace(sample, from_s=sample.from_s + by_s, to_s=sample.to_s + by_s)
            for sample in self._samples
        ]

    def covered_s(self, until_s: float, over_s: float) -> float:
        """Return how many seconds of the window were analysed, at most ``over_s``."""
        since_s = until_s - over_s
        return min(
            over_s,
            sum(
                max(0.0, min(sample.to_s, until_s) - max(sample.from_s, since_s))
                for sample in self._within(until_s, over_s)
                if sample.analysed > 0
            ),
        )

    def members(self, until_s: float, over_s: float) -> list[Sample]:
        """Return the analysed intervals that lie in the window by at least half.

        Half of the interval or of the window, whichever is shorter.
        """
        since_s = until_s - over_s
        return [
            sample
            for sample in self._within(until_s, over_s)
            if sample.analysed > 0
            and min(sample.to_s, until_s) - max(sample.from_s, since_s) + EPSILON_S
            >= min(sample.to_s - sample.from_s, over_s) / 2
        ]

    def _within(self, until_s: float, over_s: float) -> list[Sample]:
        """Return the samples that end in the window or reach beyond its end."""
        since_s = until_s - over_s + EPSILON_S
        found = []
        for sample in reversed(self._samples):
            if sample.to_s <= since_s:
                break
            if sample.from_s < until_s:
                found.append(sample)
        found.reverse()
        return found
