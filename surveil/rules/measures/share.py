"""``share``: the part of the votes that went to one emotion."""

from __future__ import annotations

from typing import ClassVar

from surveil.rules.conditions import Compared
from surveil.rules.measures.voting import Voting
from surveil.rules.reading import NOBODY, Reading, View


class ShareCondition(Compared):
    """Votes for an emotion over all votes of the window, 0..1.

    Each track has one vote per interval. A vote with less than ``min_confidence`` counts as cast
    for nobody: it stays in the denominator, so asking for more confidence can only lower a share,
    and one sure vote among many unsure ones is no majority.
    """

    keyword: ClassVar[str] = "share"

    share: Voting

    @property
    def limits(self) -> tuple[float, float]:
        """A part of a whole."""
        return 0.0, 1.0

    @property
    def words(self) -> str:
        """What is measured, in words."""
        return f"the share of votes{self.share.words}{self.share.condition_words}"

    def read(self, view: View) -> Reading:
        """Return the share; nobody where a covered window holds no vote."""
        silence = self.share.silence(view)
        if silence is not None:
            return silence
        won, votes = self.share.count(view)
        return Reading(known=True, value=won / votes) if votes else NOBODY
