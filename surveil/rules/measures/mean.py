"""``mean``: the mean calibrated score of one emotion."""

from __future__ import annotations

from statistics import fmean
from typing import ClassVar

from surveil.domain import EMOTIONS
from surveil.durations import format_duration
from surveil.rules.conditions import Compared
from surveil.rules.measures.voting import Voting
from surveil.rules.reading import NOBODY, Reading, View


class MeanCondition(Compared):
    """The mean of an emotion's score over the votes of the window, 0..1.

    Votes for whatever with less than ``min_confidence`` are left out.
    """

    keyword: ClassVar[str] = "mean"

    mean: Voting

    @property
    def limits(self) -> tuple[float, float]:
        """A part of a whole."""
        return 0.0, 1.0

    @property
    def words(self) -> str:
        """What is measured, in words."""
        sure = self.mean.min_confidence
        among = f" among votes at least {100 * sure:g}% sure" if sure else ""
        over = format_duration(self.mean.over)
        return f"the mean score of {self.mean.emotion}{among} over the last {over}" + (
            self.mean.condition_words
        )

    def read(self, view: View) -> Reading:
        """Return the mean score; nobody where a covered window holds no vote."""
        silence = self.mean.silence(view)
        if silence is not None:
            return silence
        column = EMOTIONS.index(self.mean.emotion)
        least = self.mean.min_confidence
        scores = [
            vote.scores[column] for vote in view.votes(self.mean.over) if vote.confidence >= least
        ]
        return Reading(known=True, value=fmean(scores)) if scores else NOBODY
