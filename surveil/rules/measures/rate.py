"""``rate``: how often something begins."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from surveil.durations import Duration, format_duration
from surveil.rules.conditions import Compared
from surveil.rules.measures.voting import Shown
from surveil.rules.reading import MIN_COVERAGE, UNKNOWN, Reading, View


class Rate(Shown):
    """Options of ``rate``: when a face begins to show it; without ``emotion``, when one appears.

    Attributes:
        per: Seconds to which the number is related.
    """

    per: Annotated[Duration, Field(ge=1, le=86400)] = 60.0


class RateCondition(Compared):
    """Beginnings in the window, as so many in ``per`` of analysed time; over a site, the sum.

    Related to the time that was analysed, not to the window: what was not seen has no beginnings.
    """

    keyword: ClassVar[str] = "rate"

    rate: Rate

    @property
    def words(self) -> str:
        """What is measured, in words."""
        rate = self.rate
        sure = f", at least {100 * rate.min_confidence:g}% sure," if rate.min_confidence else ""
        begins = f"begins to show {rate.emotion}" if rate.emotion else "appears"
        over = format_duration(rate.over)
        return f"the number of times in {format_duration(rate.per)} that a face {begins}{sure}" + (
            f" over the last {over}"
        )

    def read(self, view: View) -> Reading:
        """Return the rate; 0 where nobody was seen."""
        coverage = view.coverage(self.rate.over)
        if coverage < MIN_COVERAGE:
            return UNKNOWN
        begun = view.beginnings(self.rate.over, self.rate.is_shown)
        covered_s = min(1.0, coverage) * self.rate.over
        return Reading(known=True, value=begun * self.rate.per / covered_s)
