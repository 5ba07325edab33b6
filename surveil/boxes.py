"""Pure geometry: arrays of boxes ``(N, 4)``, ``x1, y1, x2, y2``, and :class:`surveil.domain.Box`.

Arrays are float32, in pixels unless said otherwise, with x to the right and y down. A box covers
the plane between its edges: its area is ``(x2 - x1) * (y2 - y1)``, and boxes that only touch do not
overlap. No function writes into its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box

Boxes = NDArray[np.float32]


def as_array(boxes: Iterable[Box]) -> Boxes:
    """Return boxes as an array of shape ``(N, 4)``, also for ``N = 0``."""
    return np.array([box.xyxy for box in boxes], dtype=np.float32).reshape(-1, 4)


def as_box(row: NDArray[np.floating]) -> Box:
    """Return one row ``(4,)`` as a box of plain floats."""
    x1, y1, x2, y2 = (float(value) for value in row)
    return Box(x1, y1, x2, y2)


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """Return the areas, shape ``(N,)``; a box that is turned inside out has none."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    product: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return product


def centres(boxes: Boxes) -> NDArray[np.float32]:
    """Return the centres ``x, y``, shape ``(N, 2)``."""
    middle: NDArray[np.float32] = (boxes[:, :2] + boxes[:, 2:]) / np.float32(2)
    return middle


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Return the intersection over union of every pair.

    Args:
        a: Boxes, shape ``(N, 4)``.
        b: Boxes, shape ``(M, 4)``.

    Returns:
        Shape ``(N, M)``, 0..1. A pair of boxes without area has 0.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    quotient: NDArray[np.float32]
    quotient = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return quotient


def iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes in the same units, 0..1."""
    return float(iou_matrix(as_array([a]), as_array([b]))[0, 0])


def clip(boxes: Boxes, *, width: float, height: float) -> Boxes:
    """Return the boxes cut off at the frame ``0..width, 0..height``.

    A box wholly outside comes back without area, on the edge it lies beyond.
    """
    return np.clip(boxes, np.float32(0), np.array([width, height] * 2, dtype=np.float32))


def clip_box(box: Box, *, width: float, height: float) -> Box:
    """Return one box cut off at the frame; see :func:`clip`."""
    return Box(
        min(max(box.x1, 0.0), width),
        min(max(box.y1, 0.0), height),
        min(max(box.x2, 0.0), width),
        min(max(box.y2, 0.0), height),
    )


def widen(box: Box, margin: float) -> Box:
    """Return a box grown on all four sides by ``margin`` times its longer side; 0 changes nothing.

    The result may reach out of the frame.
    """
    by = margin * max(box.width, box.height)
    return Box(box.x1 - by, box.y1 - by, box.x2 + by, box.y2 + by)


def square(boxes: Boxes) -> Boxes:
    """Return squares about the same centres with the longer side of each box."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True)
    low = boxes[:, :2] + sides * np.float32(0.5) - longer * np.float32(0.5)
    return np.concatenate([low, low + longer], axis=1)


def square_box(box: Box) -> Box:
    """Return one box made square; see :func:`square`."""
    half = max(box.width, box.height) / 2
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    return Box(x - half, y - half, x + half, y + half)


def to_fractions(box: Box, *, width: float, height: float) -> Box:
    """Return a box in pixels as fractions of its frame, clipped to 0..1.

    Raises:
        ValueError: The frame has no area.
    """
    if width <= 0 or height <= 0:
        raise ValueError(f"a frame of {width} x {height} px has no fractions")
    inside = clip_box(box, width=width, height=height)
    return Box(inside.x1 / width, inside.y1 / height, inside.x2 / width, inside.y2 / height)


def to_pixels(box: Box, *, width: float, height: float) -> Box:
    """Return a box in fractions of its frame in pixels; the inverse of :func:`to_fractions`."""
    return Box(box.x1 * width, box.y1 * height, box.x2 * width, box.y2 * height)


def shorter_side(box: Box) -> float:
    """Return the shorter side, in the units of the box."""
    return min(box.width, box.height)
