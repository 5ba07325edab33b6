"""``mean``: the mean calibrated score of one emotion."""

from __future__ import annotations

from statistics import fmean
from typing import ClassVar

from surveil.domain import EMOTIONS, Emotion
from surveil.rules.conditions import Compared, Over, Strict
from surveil.rules.reading import MIN_COVERAGE, NOBODY, UNKNOWN, Reading, View


class Mean(Strict):
    """Options of ``mean``."""

    emotion: Emotion
    over: Over


class MeanCondition(Compared):
    """The mean of an emotion's score over all votes of the window, 0..1."""

    keyword: ClassVar[str] = "mean"
    limits: ClassVar[tuple[float, float]] = (0.0, 1.0)

    mean: Mean

    @property
    def over_s(self) -> float:
        """Seconds of the past that the measure needs."""
        return self.mean.over

    def read(self, view: View) -> Reading:
        """Return the mean score; nobody where a covered window holds no vote."""
        if view.coverage(self.mean.over) < MIN_COVERAGE:
            return UNKNOWN
        votes = view.votes(self.mean.over)
        if not votes:
            return NOBODY
        column = EMOTIONS.index(self.mean.emotion)
        return Reading(known=True, value=fmean(vote.scores[column] for vote in votes))
