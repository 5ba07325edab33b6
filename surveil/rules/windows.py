"""The last intervals of each camera.

Instants are seconds since the epoch (UTC) as floats in here: windows are arithmetic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from surveil.domain import EMOTIONS, Crowd, IntervalEvent, quantise
from surveil.rules.reading import Vote

MAX_SAMPLES = 40_000
"""Most intervals held per camera, whatever the windows ask for."""
MAX_LOOKS = 64
"""Windows whose contents are remembered until the next interval comes in."""
EPSILON_S = 1e-6


Columns = Callable[[str | None, float], list[int]]
"""Per interval of a camera how many votes are for an emotion, at least so sure."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One interval: when, how many frames were analysed, and the votes."""

    from_s: float
    to_s: float
    analysed: int
    votes: tuple[Vote, ...]

    def tally(self, emotion: str | None, least: float) -> int:
        """Return how many votes are for an emotion, None for any, at least so sure."""
        if emotion is None and least <= 0:
            return len(self.votes)
        return sum(
            (emotion is None or vote.emotion == emotion) and vote.confidence >= least
            for vote in self.votes
        )


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


class Look:
    """What a window holds, until another interval comes in.

    Args:
        covered_s: How many of its seconds were analysed.
        members: The analysed intervals that lie in it by at least half: of the interval or of the
            window, whichever is shorter.
        columns: Gives the tallies of all of a camera's intervals, and ``part`` says which of them
            are members, where these follow each other without a hole.
    """

    __slots__ = ("_columns", "_part", "covered_s", "members")

    def __init__(
        self,
        covered_s: float,
        members: list[Sample],
        columns: Columns | None = None,
        part: slice = slice(0),
    ) -> None:
        self.covered_s = covered_s
        self.members = members
        self._columns = columns
        self._part = part

    def counts(self, emotion: str | None, least: float) -> list[int]:
        """Return :meth:`Sample.tally` of each member."""
        if self._columns is not None:
            return self._columns(emotion, least)[self._part]
        return [sample.tally(emotion, least) for sample in self.members]


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
        # Beside the samples, in the same order: so that windows are slices.
        self._ends: list[float] = []
        self._begins: list[float] = []
        self._spans: list[float] = []
        self._columns: dict[tuple[str | None, float], list[int]] = {}
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
        self._begins.insert(place, sample.from_s)
        self._spans.insert(place, sample.to_s - sample.from_s if sample.analysed > 0 else -1.0)
        for (emotion, least), column in self._columns.items():
            column.insert(place, sample.tally(emotion, least))
        stale = max(bisect_right(self._ends, oldest_s), len(self._ends) - MAX_SAMPLES)
        if stale > 0:
            for kept in (self._samples, self._ends, self._begins, self._spans):
                del kept[:stale]
            for column in self._columns.values():
                del column[:stale]
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
        self._begins = [sample.from_s for sample in self._samples]
        self._looks.clear()

    def look(self, until_s: float, over_s: float) -> Look:
        """Return what the window holds; asked again before anything comes in, the same object."""
        known = self._looks.get((until_s, over_s))
        if known is None:
            if len(self._looks) >= MAX_LOOKS:
                self._looks.clear()
            known = self._looks[until_s, over_s] = self._look(until_s, over_s)
        return known

    def _look(self, until_s: float, over_s: float) -> Look:
        since_s = until_s - over_s
        first = bisect_right(self._ends, since_s + EPSILON_S)
        last = bisect_right(self._ends, until_s)
        covered_s = 0.0
        members: list[Sample] = []
        place = first
        while place < last and self._begins[place] < since_s:
            covered_s += self._take(place, since_s, until_s, over_s, members)
            place += 1
        spans = self._spans[place:last]
        if spans and min(self._begins[place:last]) >= since_s and min(spans) > 0:
            covered_s = sum(spans, covered_s)
            members += self._samples[place:last]
            place = last
        while place < len(self._ends):
            covered_s += self._take(place, since_s, until_s, over_s, members)
            place += 1
        covered_s = min(over_s, covered_s)
        begin = first
        while members and self._samples[begin] is not members[0]:
            begin += 1
        end = begin + len(members)
        if members and end <= len(self._samples) and self._samples[end - 1] is members[-1]:
            return Look(covered_s, members, self._column, slice(begin, end))
        return Look(covered_s, members)

    def _take(
        self, place: int, since_s: float, until_s: float, over_s: float, members: list[Sample]
    ) -> float:
        """Return how much of an interval lies in a window, and add it to its members if it does."""
        sample = self._samples[place]
        if sample.from_s >= until_s or sample.analysed <= 0:
            return 0.0
        inside_s = min(sample.to_s, until_s) - max(sample.from_s, since_s)
        if inside_s + EPSILON_S >= min(sample.to_s - sample.from_s, over_s) / 2:
            members.append(sample)
        return max(0.0, inside_s)

    def _column(self, emotion: str | None, least: float) -> list[int]:
        column = self._columns.get((emotion, least))
        if column is None:
            column = [sample.tally(emotion, least) for sample in self._samples]
            self._columns[emotion, least] = column
        return column
