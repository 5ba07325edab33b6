"""Non-maximum suppression: of boxes that overlap, keep the one with the highest score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]

AT_ONCE = 128
"""Boxes compared with all others together: few enough that memory stays bounded."""


def keep_by_iou(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    *,
    above: float,
    groups: NDArray[np.integer] | None = None,
) -> Indices:
    """Return which boxes stay when those with an IoU over ``above`` to a better one go.

    The same boxes stay as with ``torchvision.ops.nms``, whose arithmetic in float32 this is; of
    equal scores the first counts as the better one.

    Boxes of different frames or scales belong into different calls or groups: putting them into one
    with offsets, as ``batched_nms`` does, mixes them up where coordinates are negative, and rounds.

    Args:
        boxes: Shape ``(N, 4)``.
        scores: Shape ``(N,)``.
        above: The IoU at and below which two boxes may stand side by side.
        groups: Of each box, shape ``(N,)``; boxes of different groups stay side by side.

    Returns:
        Indices of those that stay, best first.
    """
    waiting = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while waiting.size:
        head = waiting[:AT_ONCE]
        apart = ~(_iou(boxes[head], boxes[waiting]) > above)  # also those without an IoU
        if groups is not None:
            apart |= groups[head, None] != groups[waiting]
        stays = np.ones(len(waiting), dtype=np.bool_)
        for place, index in enumerate(head.tolist()):
            if stays[place]:
                kept.append(index)
                stays[place + 1 :] &= apart[place, place + 1 :]
        waiting = waiting[AT_ONCE:][stays[AT_ONCE:]]
    return np.array(kept, dtype=np.intp)


def _iou(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the IoU of each of some boxes with each of others, shape ``(N, M)``."""
    x1, y1, x2, y2 = (np.ascontiguousarray(column) for column in others.T)
    left, top, right, bottom = (column[:, None] for column in some.T)
    width = np.minimum(right, x2) - np.maximum(left, x1)
    height = np.minimum(bottom, y2) - np.maximum(top, y1)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (right - left) * (bottom - top)
    with np.errstate(invalid="ignore"):  # of two boxes without area: they stay side by side
        iou: NDArray[np.float32] = shared / (areas + (x2 - x1) * (y2 - y1) - shared)
    return iou


def keep_by_smaller(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], *, above: float
) -> Indices:
    """Return which boxes stay when the overlap is measured against the smaller of two boxes.

    So a face within a larger face goes, too. Sides count the pixels at both ends (``x2 - x1 + 1``)
    as in the reference's ``nms_numpy(…, "Min")``.

    Args:
        boxes: Shape ``(N, 4)``.
        scores: Shape ``(N,)``.
        above: The shared fraction of the smaller box at and below which both stay.

    Returns:
        Indices of those that stay, best first.
    """
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    waiting = np.argsort(scores)
    kept: list[int] = []
    while waiting.size:
        best, waiting = waiting[-1], waiting[:-1]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[waiting, :2])
        high = np.minimum(boxes[best, 2:], boxes[waiting, 2:])
        sides = np.maximum(np.float32(0), high - low + 1)
        smaller = np.minimum(areas[best], areas[waiting])
        waiting = waiting[sides[:, 0] * sides[:, 1] / smaller <= above]
    return np.array(kept, dtype=np.intp)
