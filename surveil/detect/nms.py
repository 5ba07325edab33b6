"""Non-maximum suppression: of boxes that overlap, keep the one with the highest score."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import nms

Indices = NDArray[np.intp]


def keep_by_iou(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], *, above: float
) -> Indices:
    """Return which boxes stay when those with an IoU over ``above`` to a better one go.

    Boxes of different frames or scales belong into different calls: putting them into one with
    offsets, as ``batched_nms`` does, mixes them up where coordinates are negative, and rounds.

    Args:
        boxes: Shape ``(N, 4)``.
        scores: Shape ``(N,)``.
        above: The IoU at and below which two boxes may stand side by side.

    Returns:
        Indices of those that stay, best first.
    """
    if len(boxes) == 0:
        return np.zeros(0, dtype=np.intp)
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), above)
    indices: Indices = kept.numpy().astype(np.intp, copy=False)
    return indices


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
