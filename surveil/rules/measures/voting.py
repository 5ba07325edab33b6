"""What the measures of votes share: whose votes count, and when there are too few faces."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from surveil.domain import Emotion
from surveil.durations import format_duration
from surveil.rules.conditions import Over, Strict
from surveil.rules.reading import MIN_COVERAGE, NOBODY, UNKNOWN, Reading, View, Vote

MAX_FACES = 10_000


class Shown(Strict):
    """Options of a measure of what faces show.

    Attributes:
        over: Seconds of the past.
        emotion: Only votes for it count; all where there is none.
        min_confidence: Less sure votes do not count, 0..1.
    """

    over: Over
    emotion: Emotion | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0

    @property
    def words(self) -> str:
        """What counts, and over which time, in words."""
        emotion = f" that show {self.emotion}" if self.emotion else ""
        sure = f", at least {100 * self.min_confidence:g}% sure," if self.min_confidence else ""
        return f"{emotion}{sure} over the last {format_duration(self.over)}"

    def is_shown(self, vote: Vote) -> bool:
        """Return whether a vote counts."""
        is_it = self.emotion is None or vote.emotion == self.emotion
        return is_it and vote.confidence >= self.min_confidence


class TooFew(StrEnum):
    """What a condition is where fewer faces were seen than asked for."""

    UNKNOWN = "unknown"
    FALSE = "false"


class Voting(Shown):
    """Options of a measure of the votes for one emotion.

    Attributes:
        emotion: Of which.
        min_faces: Least number of different tracks that voted in the window. A face that was lost
            and found again is two tracks.
        too_few: What the condition is with fewer.
    """

    emotion: Emotion
    min_faces: Annotated[int, Field(ge=1, le=MAX_FACES, strict=True)] = 1
    too_few: TooFew = TooFew.UNKNOWN

    @property
    def condition_words(self) -> str:
        """What is asked of the votes as a whole, in words; empty for nothing."""
        if self.min_faces == 1:
            return ""
        return f" (with fewer than {self.min_faces} different faces: {self.too_few})"

    def silence(self, view: View) -> Reading | None:
        """Return the reading where the votes of the window tell nothing, else None."""
        if view.coverage(self.over) < MIN_COVERAGE:
            return UNKNOWN
        if self.min_faces > 1:
            faces = len({(vote.run, vote.track_id) for vote in view.votes(self.over)})
            if faces < self.min_faces:
                return NOBODY if self.too_few is TooFew.FALSE else UNKNOWN
        return None

    def count(self, view: View) -> tuple[int, int]:
        """Return how many votes of the window count, and how many there are."""
        won = view.face_counts(self.over, self.emotion, self.min_confidence)
        return sum(map(sum, won)), sum(map(sum, view.face_counts(self.over)))
