"""Non-maximum suppression: of boxes that overlap, keep the one with the highest score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def keep_by_iou(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], *, above: float
) -> Indices:
    """Return which boxes stay when those with an IoU over ``above`` to a better one go.

    The same boxes stay as with ``torchvision.ops.nms``, whose arithmetic in float32 this is; of
    equal scores the first counts as the better one.

    Boxes of different frames or scales belong into different calls: putting them into one with
    offsets, as ``batched_nms`` does, mixes them up where coordinates are negative, and rounds.

    Args:
        boxes: Shape ``(N, 4)``.
        scores: Shape ``(N,)``.
        above: The IoU at and below which two boxes may stand side by side.

    Returns:
        Indices of those that stay, best first.
    """
    waiting = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = (np.ascontiguousarray(column) for column in boxes[waiting].T)
    areas = (x2 - x1) * (y2 - y1)
    places = np.arange(len(waiting))
    kept: list[int] = []
    while places.size:
        best, places = places[0], places[1:]
        kept.append(int(waiting[best]))
        width = np.minimum(x2[best], x2[places]) - np.maximum(x1[best], x1[places])
        height = np.minimum(y2[best], y2[places]) - np.maximum(y1[best], y1[places])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        with np.errstate(invalid="ignore"):  # of two boxes without area: they stay side by side
            over = shared / (areas[best] + areas[places] - shared) > above
        places = places[~over]
    return np.array(kept, dtype=np.intp)


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
