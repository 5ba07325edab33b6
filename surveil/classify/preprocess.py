"""From crops to the network's input: the one path that training and serving share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to a crop before the network sees it.

    Attributes:
        frame_px: Side of the grey square each crop is resized to (FER2013's 48).
        crop_px: Side of the centre of that square which the network is given.
        mean: Mean pixel of the training data on the scale 0..1.
        std: Standard deviation of the same.
    """

    frame_px: int = 48
    crop_px: int = 44
    mean: float = 0.5
    std: float = 0.25


def to_frame(crop: NDArray[np.uint8], frame_px: int) -> NDArray[np.uint8]:
    """Return a crop as a grey square.

    A crop that is not square (a face at the border of its frame) is padded on both sides of its
    shorter axis with its edge pixels, never stretched.

    Args:
        crop: RGB ``(h, w, 3)`` or grey ``(h, w)``, ``h, w >= 1``.
        frame_px: Side of the square.

    Returns:
        Shape ``(frame_px, frame_px)``, luma of BT.601.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) if crop.ndim == 3 else crop
    height, width = grey.shape
    if height != width:
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        grey = cv2.copyMakeBorder(
            grey, top, side - height - top, left, side - width - left, cv2.BORDER_REPLICATE
        )
    if grey.shape[0] != frame_px:
        # Area averages when shrinking, so that no texture aliases; it would be blocky when growing.
        shrinks = grey.shape[0] > frame_px
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        grey = cv2.resize(grey, (frame_px, frame_px), interpolation=method)
    return np.asarray(grey, dtype=np.uint8)


def normalise(frames: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.float32]:
    """Return the normalised centres of grey squares.

    Args:
        frames: Shape ``(N, frame_px, frame_px)``.
        how: Sizes and pixel statistics.

    Returns:
        Shape ``(N, 1, crop_px, crop_px)``, zero mean and unit variance over the training data.
    """
    start = (how.frame_px - how.crop_px) // 2
    stop = start + how.crop_px
    centre = frames[:, None, start:stop, start:stop].astype(np.float32)
    centre *= np.float32(1 / (255.0 * how.std))
    centre -= np.float32(how.mean / how.std)
    return np.ascontiguousarray(centre)


def preprocess(crops: Sequence[NDArray[np.uint8]], how: Preprocessing) -> NDArray[np.float32]:
    """Return the network's input for a batch of crops of any sizes.

    Args:
        crops: RGB ``(h, w, 3)`` or grey ``(h, w)`` each; may be empty.
        how: Sizes and pixel statistics of the model.

    Returns:
        Shape ``(N, 1, crop_px, crop_px)``.
    """
    frames = np.empty((len(crops), how.frame_px, how.frame_px), np.uint8)
    for row, crop in enumerate(crops):
        frames[row] = to_frame(crop, how.frame_px)
    return normalise(frames, how)
