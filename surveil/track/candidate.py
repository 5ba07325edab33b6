"""A face that is followed, with or without an identity as yet."""

from __future__ import annotations

import numpy as np

from surveil.domain import Box
from surveil.track.motion import Motion
from surveil.track.options import TrackerOptions

STANDING = 0.25
"""A face that moved less than so many sizes from one frame to the next stands."""


class Candidate:
    """A face that was seen at least once.

    Attributes:
        motion: Where it is.
        misses: Frames since it was seen, the current one included until it is matched.
        track_id: ``None`` until it was seen twice.
        origin: The track that it is if that one moved off at once; ``None`` once that is decided.
    """

    def __init__(self, box: Box, options: TrackerOptions, origin: Candidate | None) -> None:
        self.motion = Motion(box, options)
        self.misses = 0
        self.track_id: int | None = None
        self.origin = origin
        self._options = options
        self._first_position = self.motion.position
        self._unseen_s = 0.0

    def predict(self, by_s: float) -> None:
        """Move on by so many seconds."""
        self.motion.predict(by_s)
        self.misses += 1
        self._unseen_s += by_s

    def see(self, box: Box) -> None:
        """Take in its detection in the current frame."""
        self.motion.correct(box)
        self.misses = 0
        self._unseen_s = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it is waited for no longer."""
        options = self._options
        limit_s = options.confirm_within_s if self.track_id is None else options.keep_lost_s
        return self._unseen_s > limit_s

    def continues(self, origin: Candidate) -> bool:
        """Return, on the second sight, whether it is the track that it was taken to have been.

        It is not if that one was seen again itself, nor if this face comes towards where that one
        was: somebody who sets off does not turn round at once, but a newcomer may hide the other.
        """
        if origin.misses == 0:
            return False
        jump = self._first_position - origin.motion.last_seen_position
        step = self.motion.last_seen_position - self._first_position
        stands = float(np.hypot(*step)) < STANDING * self.motion.size
        return stands or float(jump @ step) > 0
