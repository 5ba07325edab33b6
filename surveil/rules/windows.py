"""The last intervals of each camera, and the views on them that measures read.

Instants are seconds since the epoch (UTC) as floats in here: windows are arithmetic.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from surveil.domain import IntervalEvent
from surveil.rules.reading import Vote

MAX_SAMPLES = 40_000
"""Most intervals held per camera, whatever the windows ask for."""
_EPSILON_S = 1e-6


@dataclass(frozen=True, slots=True)
class Sample:
    """One interval: when, how many frames were analysed, and the votes."""

    from_s: float
    to_s: float
    analysed: int
    votes: tuple[Vote, ...]


def sample_of(event: IntervalEvent) -> Sample:
    """Return what rules need of an interval event."""
    return Sample(
        from_s=event.from_at.timestamp(),
        to_s=event.to_at.timestamp(),
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
            and min(sample.to_s, until_s) - max(sample.from_s, since_s) + _EPSILON_S
            >= min(sample.to_s - sample.from_s, over_s) / 2
        ]

    def _within(self, until_s: float, over_s: float) -> list[Sample]:
        """Return the samples that end in the window or reach beyond its end."""
        since_s = until_s - over_s + _EPSILON_S
        found = []
        for sample in reversed(self._samples):
            if sample.to_s <= since_s:
                break
            if sample.from_s < until_s:
                found.append(sample)
        found.reverse()
        return found


@dataclass(frozen=True, slots=True)
class KeyView:
    """The past of one key at one instant; a :class:`surveil.rules.reading.View`.

    Attributes:
        windows: The cameras that the key spans; one but for a site.
        until_s: Instant of the evaluation.
        clock_s: The latest instant known, for silences; not before ``until_s``.
        watching_s: Since when events are read without a break.
        track: ``(run, track_id)`` where the key is a track.
    """

    windows: Sequence[CameraWindow]
    until_s: float
    clock_s: float
    watching_s: float
    track: tuple[str, int] | None = None

    def coverage(self, over_s: float) -> float:
        """Return the analysed part of the window, 0..1, mean over the cameras."""
        covered_s = sum(window.covered_s(self.until_s, over_s) for window in self.windows)
        return covered_s / (over_s * len(self.windows)) + _EPSILON_S if self.windows else 0.0

    def votes(self, over_s: float) -> list[Vote]:
        """Return the key's votes in the window."""
        return [
            vote
            for window in self.windows
            for sample in window.members(self.until_s, over_s)
            for vote in sample.votes
            if self._is_mine(vote)
        ]

    def face_counts(self, over_s: float) -> list[list[int]]:
        """Return per camera the number of the key's faces in each analysed interval."""
        return [
            [
                sum(self._is_mine(vote) for vote in sample.votes)
                for sample in window.members(self.until_s, over_s)
            ]
            for window in self.windows
        ]

    def silence_s(self) -> tuple[float, float]:
        """Return for how long no frame was analysed: as far as watched, and in all."""
        last_s = max((w.analysed_s for w in self.windows if w.analysed_s is not None), default=None)
        if last_s is None:
            return max(0.0, self.clock_s - self.watching_s), inf
        total_s = max(0.0, self.clock_s - last_s)
        return min(total_s, max(0.0, self.clock_s - self.watching_s)), total_s

    def _is_mine(self, vote: Vote) -> bool:
        return self.track is None or (vote.run, vote.track_id) == self.track
