"""``change``: how far a value is from what is usual at the camera."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from surveil.domain import EMOTIONS, Emotion
from surveil.durations import Duration, format_duration
from surveil.rules.baselines import Baseline, Lookback
from surveil.rules.conditions import Compared, Over, Strict
from surveil.rules.keys import By
from surveil.rules.reading import MIN_COVERAGE, NOBODY, UNKNOWN, Reading, View
from surveil.rules.schedule import Zone

MIN_VOTES = 100
"""Fewer votes than one face gives in so many intervals make no share that is usual."""
DAY_S = 86400.0


class Change(Strict):
    """Options of ``change``.

    Attributes:
        of: What is compared: the share of votes or the mean score of ``emotion``, or the mean
            number of faces, with ``emotion`` of those that show it. Sums of hours hold these, and
            nothing by which votes could be chosen among.
        over: Seconds of the past that are now.
        baseline: How far back what is usual reaches.
        same_hour: Whether it is that of the same hour of the day alone.
        zone: Whose hours.
        as_: What the value is: how many times the usual one, or how much more than it.
    """

    of: Literal["share", "mean", "faces"]
    emotion: Emotion | None = None
    over: Over
    baseline: Annotated[Duration, Field(ge=DAY_S, le=28 * DAY_S)]
    same_hour: Annotated[bool, Field(strict=True)] = False
    zone: Zone = "UTC"
    as_: Literal["ratio", "difference"] = Field(alias="as")

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if self.of != "faces" and self.emotion is None:
            raise ValueError(f"'of: {self.of}' needs an 'emotion'")
        if "zone" in self.model_fields_set and not self.same_hour:
            raise ValueError("'zone' goes with 'same_hour: true'")
        return self

    @property
    def lookback(self) -> Lookback:
        """The hours that tell what is usual."""
        return Lookback(self.baseline, self.zone if self.same_hour else None)


class ChangeCondition(Compared):
    """A value of the window, beside that of the camera's own hours of before; see ``Change``.

    Unknown while less than half of the window or of those hours was analysed, while they hold too
    few votes to make a share, and, as a ratio, where the usual value is 0: nothing is so many times
    nothing. A window without a vote has no share, which is false. Of several cameras, those are
    compared of which there are intervals now; their votes are added up.
    """

    keyword: ClassVar[str] = "change"

    change: Change

    @property
    def limits(self) -> tuple[float, float]:
        """A ratio is not negative; a difference of parts of a whole is one at most."""
        if self.change.as_ == "ratio":
            return 0.0, float("inf")
        greatest = float("inf") if self.change.of == "faces" else 1.0
        return -greatest, greatest

    @property
    def lookback(self) -> Lookback:
        """The hours that tell what is usual."""
        return self.change.lookback

    @property
    def subjects(self) -> tuple[By, ...]:
        """A camera or several; a single face has no past of a week."""
        return By.CAMERA, By.SITE, By.LABEL

    @property
    def words(self) -> str:
        """What is measured, in words."""
        change = self.change
        shows = f" that show {change.emotion}" if change.emotion else ""
        what = {
            "share": f"the share of votes{shows}",
            "mean": f"the mean score of {change.emotion}",
            "faces": f"the mean number of faces{shows}",
        }[change.of]
        usual = format_duration(change.baseline)
        hour = f" at the same hour of the day ({change.zone})" if change.same_hour else ""
        how = "divided by" if change.as_ == "ratio" else "less"
        return (
            f"{what} over the last {format_duration(change.over)}, {how} what it was over the last "
            f"{usual}{hour},"
        )

    def read(self, view: View) -> Reading:
        """Return how the window compares."""
        change = self.change
        if view.coverage(change.over) < MIN_COVERAGE:
            return UNKNOWN
        now = self._now(view)
        if now is None:
            return NOBODY
        cameras = [
            (counts, baseline)
            for counts, baseline in zip(
                view.face_counts(change.over), view.baselines(change.lookback), strict=True
            )
            if counts
        ]
        known = [(counts, baseline) for counts, baseline in cameras if baseline is not None]
        if sum(one.coverage for _, one in known) < MIN_COVERAGE * len(cameras):
            return UNKNOWN
        usual = self._usual(view, known)
        if usual is None or (change.as_ == "ratio" and usual == 0.0):
            return UNKNOWN
        return Reading(known=True, value=now / usual if change.as_ == "ratio" else now - usual)

    def _now(self, view: View) -> float | None:
        """Return the value of the window; None if it has no vote that would make one."""
        change = self.change
        if change.of == "faces":
            counts = view.face_counts(change.over, change.emotion)
            return sum(fmean(camera) for camera in counts if camera)
        votes = view.votes(change.over)
        if not votes:
            return None
        if change.of == "share":
            return sum(vote.emotion is change.emotion for vote in votes) / len(votes)
        return fmean(vote.scores[self._column] for vote in votes)

    def _usual(self, view: View, known: Sequence[tuple[Sequence[int], Baseline]]) -> float | None:
        """Return the value of the hours; None if they do not tell."""
        change = self.change
        if change.of == "faces":
            # Sums have votes and seconds; how long an interval is, the window knows, to 1 ms.
            covered_s = view.coverage(change.over) * change.over
            members = [len(counts) for counts in view.face_counts(change.over)]
            interval_s = round(covered_s * len(members) / max(1, sum(members)), 3)
            return interval_s * sum(
                (sum(one.votes) if change.emotion is None else one.votes[self._column])
                / one.analysed_s
                for _, one in known
                if one.analysed_s
            )
        sums = Baseline.together(one for _, one in known)
        votes = sum(sums.votes)
        if votes < MIN_VOTES:
            return None
        won = sums.votes if change.of == "share" else sums.score_sums
        return won[self._column] / votes

    @property
    def _column(self) -> int:
        assert self.change.emotion is not None
        return EMOTIONS.index(self.change.emotion)
