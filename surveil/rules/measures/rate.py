"""``rate``: how often something begins."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from surveil.domain import Emotion
from surveil.durations import Duration
from surveil.rules.conditions import Compared, Over, Strict
from surveil.rules.reading import MIN_COVERAGE, UNKNOWN, Reading, View, Vote


class Rate(Strict):
    """Options of ``rate``.

    Attributes:
        over: Seconds of the past.
        per: Seconds to which the number is related.
        emotion: Count when a face begins to show it; without, when a face appears.
        min_confidence: A less sure vote shows nothing, 0..1.
    """

    over: Over
    per: Annotated[Duration, Field(ge=1, le=86400)] = 60.0
    emotion: Emotion | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0

    def is_on(self, vote: Vote) -> bool:
        """Return whether a vote shows what is counted."""
        is_it = self.emotion is None or vote.emotion == self.emotion
        return is_it and vote.confidence >= self.min_confidence


class RateCondition(Compared):
    """Beginnings in the window, as so many in ``per`` of analysed time; over a site, the sum.

    Related to the time that was analysed, not to the window: what was not seen has no beginnings.
    """

    keyword: ClassVar[str] = "rate"

    rate: Rate

    @property
    def over_s(self) -> float:
        """Seconds of the past that the measure needs."""
        return self.rate.over

    def read(self, view: View) -> Reading:
        """Return the rate; 0 where nobody was seen."""
        coverage = view.coverage(self.rate.over)
        if coverage < MIN_COVERAGE:
            return UNKNOWN
        begun = view.beginnings(self.rate.over, self.rate.is_on)
        covered_s = min(1.0, coverage) * self.rate.over
        return Reading(known=True, value=begun * self.rate.per / covered_s)
