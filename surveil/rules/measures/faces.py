"""``faces``: how many people are there."""

from __future__ import annotations

from statistics import median
from typing import ClassVar

from surveil.rules.conditions import Compared
from surveil.rules.measures.voting import Shown
from surveil.rules.reading import MIN_COVERAGE, UNKNOWN, Reading, View


class FacesCondition(Compared):
    """The median over the window's intervals of the number of faces; over a site, the sum.

    The median, because it is what is there for most of the window: a face that is missed for an
    interval does not lower it, as it does a mean, and a track that breaks in two for an interval
    does not raise it, as it does a maximum. Nobody is 0 faces, not unknown. With ``emotion`` or
    ``min_confidence`` only faces with such a vote are counted.
    """

    keyword: ClassVar[str] = "faces"

    faces: Shown

    @property
    def words(self) -> str:
        """What is measured, in words."""
        return f"the usual number of faces{self.faces.words}"

    def read(self, view: View) -> Reading:
        """Return the number of faces."""
        if view.coverage(self.faces.over) < MIN_COVERAGE:
            return UNKNOWN
        counts = view.face_counts(self.faces.over, self.faces.emotion, self.faces.min_confidence)
        return Reading(known=True, value=float(sum(median(camera) for camera in counts if camera)))
