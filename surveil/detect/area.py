"""Area resampling of one frame to any sizes, from its integral image.

The reference resamples with ``interpolate(mode="area")``: each output pixel is the plain mean of
the input pixels in rows ``floor(i * H / h)`` to ``ceil((i + 1) * H / h)`` and columns likewise
(adaptive average pooling; neighbouring windows may share a row). A mean over a window is four
look-ups in an integral image, whatever the window's size, so that a whole pyramid and all crops
of a frame cost less than one pass over it per level, and the sums are exact.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Windows = tuple[NDArray[np.intp], NDArray[np.intp]]


def pooling_windows(size: int, parts: int) -> Windows:
    """Return start and end (exclusive) of the windows that divide ``size`` pixels into ``parts``.

    ``parts`` may exceed ``size``: pixels are then repeated.
    """
    index = np.arange(parts)
    return (index * size) // parts, -((-(index + 1) * size) // parts)


class AreaSampler:
    """One frame, ready to be resampled.

    Sums are kept in 32 bits and wrap around in frames of more than 8 million pixels; differences
    of wrapped sums are right all the same as long as one window has less than that.

    Args:
        frame: RGB image, shape ``(H, W, 3)``. Not kept. Holds ``12 * (H + 1) * (W + 1)`` bytes.
    """

    def __init__(self, frame: NDArray[np.uint8]) -> None:
        self.height, self.width = frame.shape[:2]
        self._sums = np.asarray(cv2.integral(frame, sdepth=cv2.CV_32S), dtype=np.int32)

    def resize(self, height: int, width: int) -> NDArray[np.float32]:
        """Return the whole frame at another size, shape ``(height, width, 3)``, 0..255."""
        top, bottom = pooling_windows(self.height, height)
        left, right = pooling_windows(self.width, width)
        rows = self._sums[bottom]
        rows -= self._sums[top]
        sums = np.take(rows, right, axis=1)
        sums -= np.take(rows, left, axis=1)
        return _means(sums, bottom - top, right - left)

    def crops(self, rectangles: NDArray[np.intp], side: int) -> NDArray[np.float32]:
        """Return parts of the frame, each resampled to a square.

        Args:
            rectangles: Left, top, right and bottom in whole pixels, the latter two exclusive, shape
                ``(N, 4)``; within the frame and at least one pixel in size.
            side: Side of the result.

        Returns:
            Shape ``(N, side, side, 3)``, 0..255.
        """
        left, top, right, bottom = (column[:, None] for column in rectangles.T)
        index = np.arange(side)[None, :]
        x1 = left + (index * (right - left)) // side
        x2 = left - (-(index + 1) * (right - left)) // side
        y1 = top + (index * (bottom - top)) // side
        y2 = top - (-(index + 1) * (bottom - top)) // side
        stride = self.width + 1
        flat = self._sums.reshape(-1, 3)
        above, below = (y1 * stride)[:, :, None], (y2 * stride)[:, :, None]
        sums = np.take(flat, below + x2[:, None, :], axis=0)
        sums -= np.take(flat, below + x1[:, None, :], axis=0)
        sums -= np.take(flat, above + x2[:, None, :], axis=0)
        sums += np.take(flat, above + x1[:, None, :], axis=0)
        return _means(sums, y2 - y1, x2 - x1)


def _means(
    sums: NDArray[np.int32], heights: NDArray[np.intp], widths: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Divide sums ``(..., h, w, 3)`` by their windows' sizes, ``(..., h)`` and ``(..., w)``."""
    # Colours lie beside each other in one axis: NumPy is slow over an axis of three.
    across = np.repeat(widths.astype(np.float32), sums.shape[-1], axis=-1)
    means = sums.reshape(*heights.shape, across.shape[-1]).astype(np.float32)
    means /= heights.astype(np.float32)[..., None] * across[..., None, :]
    return means.reshape(sums.shape)
