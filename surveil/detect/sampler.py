"""The contract of what resamples a frame."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Sampler(Protocol):
    """One frame, ready to be cut into squares of one size."""

    height: int
    width: int

    def crops(self, rectangles: NDArray[np.intp], side: int) -> NDArray[np.float32]:
        """Return parts of the frame, each resampled to a square.

        Args:
            rectangles: Left, top, right and bottom in whole pixels, the latter two exclusive, shape
                ``(N, 4)``; within the frame and at least one pixel in size.
            side: Side of the result.

        Returns:
            Shape ``(N, side, side, 3)``, 0..255, the caller's own.
        """
        ...
