"""Overlap of boxes, to hold what was found against what is there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surveil.boxes import Boxes, areas
from surveil.domain import Box


def as_array(boxes: Iterable[Box]) -> Boxes:
    """Return boxes as an array of shape ``(N, 4)``, also for ``N = 0``."""
    return np.array([box.xyxy for box in boxes], dtype=np.float32).reshape(-1, 4)


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
