"""``faces``: how many people are there."""

from __future__ import annotations

from statistics import median
from typing import Annotated, ClassVar

from pydantic import Field

from surveil.domain import Emotion
from surveil.rules.conditions import Compared, Over, Strict
from surveil.rules.reading import MIN_COVERAGE, UNKNOWN, Reading, View, Vote


class Faces(Strict):
    """Options of ``faces``.

    Attributes:
        over: Seconds of the past.
        emotion: Count only faces whose vote is for it.
        min_confidence: Count only faces with a vote at least so sure, 0..1.
    """

    over: Over
    emotion: Emotion | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0

    def counts(self, vote: Vote) -> bool:
        """Return whether a face is one of those to count."""
        is_it = self.emotion is None or vote.emotion == self.emotion
        return is_it and vote.confidence >= self.min_confidence


class FacesCondition(Compared):
    """The median over the window's intervals of the number of faces; over a site, the sum.

    The median, because it is what is there for most of the window: a face that is missed for an
    interval does not lower it, as it does a mean, and a track that breaks in two for an interval
    does not raise it, as it does a maximum. Nobody is 0 faces, not unknown.
    """

    keyword: ClassVar[str] = "faces"

    faces: Faces

    @property
    def over_s(self) -> float:
        """Seconds of the past that the measure needs."""
        return self.faces.over

    def read(self, view: View) -> Reading:
        """Return the number of faces."""
        if view.coverage(self.faces.over) < MIN_COVERAGE:
            return UNKNOWN
        counts = view.face_counts(self.faces.over, self.faces.counts)
        return Reading(known=True, value=float(sum(median(camera) for camera in counts if camera)))
