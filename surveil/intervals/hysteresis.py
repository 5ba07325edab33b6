"""Which emotion is told of a track: not the highest score, but one that leads by enough. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

MAX_TRACKS = 4096
"""Tracks of a run that are remembered; of more, the one told longest ago is forgotten."""


def follow(scores: Sequence[float], last: int, lead: float) -> int:
    """Return the index told next: the highest score's if it is ahead of the last one's by enough.

    Args:
        scores: One per emotion.
        last: Index told before.
        lead: The hysteresis, 0..1; the highest must be ahead by more than this.
    """
    highest = max(range(len(scores)), key=scores.__getitem__)
    return highest if scores[highest] - scores[last] > lead else last


class Hysteresis:
    """The last emotion of each track, so that what is told does not flicker between two."""

    def __init__(self, lead: float) -> None:
        if not 0 <= lead <= 1:
            raise ValueError(f"a hysteresis is 0 to 1, not {lead}")
        self._lead = lead
        self._last: OrderedDict[int, int] = OrderedDict()

    def choose(self, track_id: int, scores: Sequence[float]) -> int:
        """Return the index of a track's emotion; of a new track, that of the highest score."""
        last = self._last.pop(track_id, None)
        if last is None:
            last = max(range(len(scores)), key=scores.__getitem__)
        self._last[track_id] = chosen = follow(scores, last, self._lead)
        if len(self._last) > MAX_TRACKS:
            self._last.popitem(last=False)
        return chosen
