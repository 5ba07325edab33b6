"""Pure geometry: arrays of boxes ``(N, 4)``, ``x1, y1, x2, y2``, and :class:`surveil.domain.Box`.

Arrays are float32, in pixels unless said otherwise, with x to the right and y down. A box covers
the plane between its edges: its area is ``(x2 - x1) * (y2 - y1)``, and boxes that only touch do not
overlap. No function writes into its arguments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box

Boxes = NDArray[np.float32]


def as_box(row: NDArray[np.floating]) -> Box:
    """Return one row ``(4,)`` as a box of plain floats."""
    x1, y1, x2, y2 = (float(value) for value in row)
    return Box(x1, y1, x2, y2)


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """Return the areas, shape ``(N,)``; a box that is turned inside out has none."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    product: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return product


def clip(boxes: Boxes, *, width: float, height: float) -> Boxes:
    """Return the boxes cut off at the frame ``0..width, 0..height``.

    A box wholly outside comes back without area, on the edge it lies beyond.
    """
    return np.clip(boxes, np.float32(0), np.array([width, height] * 2, dtype=np.float32))


def square(boxes: Boxes) -> Boxes:
    """Return squares about the same centres with the longer side of each box."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True)
    low = boxes[:, :2] + sides * np.float32(0.5) - longer * np.float32(0.5)
    return np.concatenate([low, low + longer], axis=1)
