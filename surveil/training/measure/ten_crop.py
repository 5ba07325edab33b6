"""Ten views of a face: four corners and the centre, each flipped as well (Krizhevsky et al. 2012).

Others report this figure, so it is measured; serving takes the centre alone, at a tenth the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from surveil.models import Preprocessing
from surveil.models.calibration import softmax

Logits = Callable[[NDArray[np.uint8], Preprocessing], NDArray[np.float32]]
"""Gives the logits ``(N, K)`` of frames under a preprocessing."""


def ten_views(frames: NDArray[np.uint8], crop_px: int) -> Iterator[NDArray[np.uint8]]:
    """Yield ten views ``(N, crop_px, crop_px)`` (and channels) of frames ``(N, S, S)``."""
    margin = frames.shape[1] - crop_px
    middle = margin // 2
    for top, left in ((0, 0), (0, margin), (margin, 0), (margin, margin), (middle, middle)):
        view = frames[:, top : top + crop_px, left : left + crop_px]
        yield view
        yield view[:, :, ::-1]


def ten_crop_scores(
    frames: NDArray[np.uint8], how: Preprocessing, logits: Logits
) -> NDArray[np.float32]:
    """Return the mean softmax over ten views, shape ``(N, K)``.

    Args:
        frames: Of the model's own side, which is larger than its crop.
        how: The model's preprocessing.
        logits: Runs the model.
    """
    centred = replace(how, frame_px=how.crop_px)
    views = ten_views(frames, how.crop_px)
    total = sum(softmax(logits(view, centred)).astype(np.float64) for view in views)
    return np.asarray(total / 10, np.float32)
