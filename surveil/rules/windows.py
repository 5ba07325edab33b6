"""The last intervals of each camera.

Instants are seconds since the epoch (UTC) as floats in here: windows are arithmetic.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace

from surveil.domain import EMOTIONS, Crowd, IntervalEvent, quantise
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
    _tallies: dict[tuple[str | None, float], int] = field(
        default_factory=dict, repr=False, compare=False
    )

    def tally(self, emotion: str | None, least: float) -> int:
        """Return how many votes are for an emotion, None for any, at least so sure.

        Counted once, however many windows and rules ask.
        """
        count = self._tallies.get((emotion, least))
        if count is None:
            count = self._tallies[emotion, least] = sum(
                (emotion is None or vote.emotion == emotion) and vote.confidence >= least
                for vote in self.votes
            )
        return count


def sample_of(event: IntervalEvent, correction_s: float = 0.0) -> Sample:
    """Return what rules need of an interval event, its instants corrected by so much.

    Numbers are those that SQL keeps, to six decimals, so that a rule says the same of an event and
    of its rows, and 0.7 is 0.7 in both.
    """
    return Sample(
        from_s=event.from_at.timestamp() + correction_s,
        to_s=event.to_at.timestamp() + correction_s,
        analysed=event.frames.analysed,
        votes=tuple(
            Vote(
                event.run,
                track.track_id,
                track.emotion,
                _as_kept(track.confidence),
                tuple(map(_as_kept, track.scores)),
            )
            for track in event.tracks
        )
        + (_votes_of(event.run, event.crowd) if event.crowd is not None else ()),
    )


def _votes_of(run: str, crowd: Crowd) -> tuple[Vote, ...]:
    """Return a crowd's votes; their tracks are numbers within the interval, and nobody's.

    So the different tracks of a window are as many as the largest of its crowds.
    """
    shown = [emotion for emotion, n in zip(EMOTIONS, crowd.votes, strict=True) for _ in range(n)]
    return tuple(
        Vote(run, -1 - place, emotion, crowd.confidence, crowd.scores)
        for place, emotion in enumerate(shown)
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What a window holds.

    Attributes:
        covered_s: How many of its seconds were analysed.
        members: The analysed intervals that lie in it by at least half: of the interval or of the
            window, whichever is shorter.
    """

    covered_s: float
    members: list[Sample]
    _counts: dict[tuple[str | None, float], list[int]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def counts(self, emotion: str | None, least: float) -> list[int]:
        """Return :meth:`Sample.tally` of each member; not to be changed."""
        counts = self._counts.get((emotion, least))
        if counts is None:
            counts = self._counts[emotion, least] = [
                sample.tally(emotion, least) for sample in self.members
            ]
        return counts


def _as_kept(value: float) -> float:
    return round(quantise(value), 6)


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
        self._ends: list[float] = []
        self._looks: dict[tuple[float, float], Look] = {}

    def add(self, sample: Sample) -> bool:
        """Take in one interval; return false if it is older than the horizon and was not kept."""
        newest_s = max(self.watermark_s or sample.to_s, sample.to_s)
        oldest_s = newest_s - self.horizon_s
        if sample.analysed > 0:
            self.analysed_s = max(self.analysed_s or sample.to_s, sample.to_s)
        self.watermark_s = newest_s
        if sample.to_s <= oldest_s:
            return False
        place = bisect_right(self._ends, sample.to_s)
        self._samples.insert(place, sample)
        self._ends.insert(place, sample.to_s)
        stale = max(bisect_right(self._ends, oldest_s), len(self._ends) - MAX_SAMPLES)
        if stale > 0:
            del self._samples[:stale], self._ends[:stale]
        self._looks.clear()
        return True

    def move(self, by_s: float) -> None:
        """Follow a clock that was set."""
        self.watermark_s = None if self.watermark_s is None else self.watermark_s + by_s
        self.analysed_s = None if self.analysed_s is None else self.analysed_s + by_s
        self._samples = [
            replace(sample, from_s=sample.from_s + by_s, to_s=sample.to_s + by_s)
            for sample in self._samples
        ]
        self._ends = [sample.to_s for sample in self._samples]
        self._looks.clear()

    def look(self, until_s: float, over_s: float) -> Look:
        """Return what the window holds; asked again before anything comes in, the same object."""
        known = self._looks.get((until_s, over_s))
        if known is None:
            known = self._looks[until_s, over_s] = self._look(until_s, over_s)
        return known

    def _look(self, until_s: float, over_s: float) -> Look:
        since_s = until_s - over_s
        first = bisect_right(self._ends, since_s + EPSILON_S)
        covered_s, members = 0.0, []
        for sample in self._samples[first:]:
            if sample.from_s >= until_s or sample.analysed <= 0:
                continue
            from_s, to_s = sample.from_s, sample.to_s
            if from_s >= since_s and to_s <= until_s:
                covered_s += to_s - from_s
                members.append(sample)
                continue
            inside_s = min(to_s, until_s) - max(from_s, since_s)
            covered_s += max(0.0, inside_s)
            if inside_s + EPSILON_S >= min(to_s - from_s, over_s) / 2:
                members.append(sample)
        return Look(min(over_s, covered_s), members)
