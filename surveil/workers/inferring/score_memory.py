"""Which faces of a run need the classifier again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box

MOVED_BY = 0.1
"""Part of its side by which a face moves, or its side changes, before it is classified anew."""

LOOKS_OTHER_BY = 4.0
"""Mean difference of two small pictures of a face, in grey levels, each less its own mean, from
which on another expression may be seen."""

SMALL_PX = 16


@dataclass(slots=True, eq=False)
class Look:
    """How a face looked when it was classified; used again while it looks the same.

    Attributes:
        box: Where it was, in pixels.
        look: Small grey picture less its mean.
        at_s: When, on a monotonic clock.
        scores: What the classifier said, shape ``(7,)``; None until then, and if it failed.
    """

    box: Box
    look: NDArray[np.float32]
    at_s: float
    scores: NDArray[np.float32] | None = None

    def give_up(self) -> None:
        """Let no later frame wait for these scores: the classification failed."""
        self.at_s = -math.inf


class ScoreMemory:
    """The last look of each track of a run; used by one thread.

    Args:
        after_s: A face is classified anew after so many seconds, though it stands still; 0 is at
            each frame.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._tracks: dict[int, Look] = {}

    def look_of(
        self, track_id: int, box: Box, crop: NDArray[np.uint8], at_s: float
    ) -> tuple[Look, bool]:
        """Return the look of a face, and whether it is new: then it is to be classified.

        Args:
            track_id: Who it is within the run.
            box: Where it is, in pixels.
            crop: How it looks: RGB, shape ``(h, w, 3)``.
            at_s: When, on a monotonic clock.
        """
        last = self._tracks.get(track_id)
        look = _look(crop)
        # Frames' times are no exact multiples: half a frame at 25 fps early is on time.
        if (
            last is not None
            and at_s - last.at_s < self._after_s - 0.02
            and not _has_moved(last.box, box)
            and np.abs(look - last.look).mean() < LOOKS_OTHER_BY
        ):
            return last, False
        self._tracks[track_id] = Look(box, look, at_s)
        return self._tracks[track_id], True

    def keep_only(self, track_ids: set[int]) -> None:
        """Forget all other tracks."""
        self._tracks = {i: look for i, look in self._tracks.items() if i in track_ids}


def _has_moved(before: Box, now: Box) -> bool:
    side = max(before.width, before.height, 1.0)
    corners = zip(before.xyxy, now.xyxy, strict=True)
    return any(abs(one - other) > MOVED_BY * side for one, other in corners)


def _look(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a small grey picture less its mean, shape ``(SMALL_PX, SMALL_PX)``."""
    small = cv2.resize(crop, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(grey - grey.mean())
