"""Resampling of one frame from its halves: means of 2x2 pixels, then linear between them.

Whatever the size asked for, the picture it is read from is less than twice as large, so the linear
step leaves out few pixels. It costs a fifth of area resampling, and rounds to whole values.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_ROWS = 32_000
"""OpenCV addresses the rows of a remapped picture with 16 bits."""


class HalvingSampler:
    """One frame, ready to be resampled; see :class:`~surveil.detect.sampler.Sampler`.

    Args:
        frame: RGB image, shape ``(H, W, 3)``. Kept, and read only.
    """

    def __init__(self, frame: NDArray[np.uint8]) -> None:
        self.height, self.width = frame.shape[:2]
        self._halves = [frame]

    def resize(self, height: int, width: int) -> NDArray[np.uint8]:
        """Return the whole frame at another size, shape ``(height, width, 3)``."""
        half = self._half(_halvings(min(self.height / height, self.width / width)))
        return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR))

    def crops(self, rectangles: NDArray[np.intp], side: int) -> NDArray[np.float32]:
        """See :class:`~surveil.detect.sampler.Sampler`."""
        crops = np.empty((len(rectangles), side, side, 3), np.float32)
        sides = (rectangles[:, 2:] - rectangles[:, :2]).max(axis=1)
        halvings = np.array([_halvings(size / side) for size in sides.tolist()], np.intp)
        for number in np.unique(halvings):
            half, step = self._half(number), np.float32(1 << number)
            (chosen,) = np.nonzero(halvings == number)
            at_once = MOST_ROWS // side
            for part in (chosen[i : i + at_once] for i in range(0, len(chosen), at_once)):
                crops[part] = _remap(half, rectangles[part].astype(np.float32) / step, side)
        return crops

    def _half(self, number: int) -> NDArray[np.uint8]:
        """Return the frame halved so many times, or as often as it can be."""
        while len(self._halves) <= number:
            last = self._halves[-1]
            height, width = last.shape[0] // 2, last.shape[1] // 2
            even = last[: 2 * height, : 2 * width]
            self._halves.append(
                np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
            )
        return self._halves[number]


def _halvings(ratio: float) -> int:
    """Return how often a picture can be halved that is to become smaller by a ratio."""
    return max(0, int(ratio).bit_length() - 1)


def _remap(
    picture: NDArray[np.uint8], rectangles: NDArray[np.float32], side: int
) -> NDArray[np.uint8]:
    """Return rectangles of a picture, in its pixels, as squares ``(N, side, side, 3)``."""
    centres = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
    low, sizes = rectangles[:, :2], rectangles[:, 2:] - rectangles[:, :2]
    half = np.float32(0.5)
    x = low[:, :1] + sizes[:, :1] * centres - half
    y = low[:, 1:] + sizes[:, 1:] * centres - half
    shape = (len(rectangles), side, side)
    across = np.ascontiguousarray(np.broadcast_to(x[:, None, :], shape)).reshape(-1, side)
    down = np.ascontiguousarray(np.broadcast_to(y[:, :, None], shape)).reshape(-1, side)
    squares = cv2.remap(
        picture, across, down, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(squares, np.uint8).reshape(*shape, 3)
