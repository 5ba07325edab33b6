"""From crops to the network's input: the one path that training and serving share."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.models.preprocessing import Preprocessing


def to_frame(crop: NDArray[np.uint8], frame_px: int, channels: int = 1) -> NDArray[np.uint8]:
    """Return a crop as a square, grey or RGB.

    A crop that is not square (a face at the border of its frame) is padded on both sides of its
    shorter axis with its edge pixels, never stretched.

    Args:
        crop: RGB ``(h, w, 3)`` or grey ``(h, w)``, ``h, w >= 1``.
        frame_px: Side of the square.
        channels: 1 or 3; a grey crop gives three equal channels.

    Returns:
        Shape ``(frame_px, frame_px)``, luma of BT.601, or ``(frame_px, frame_px, 3)``.
    """
    pixels = in_channels(crop, channels)
    height, width = pixels.shape[:2]
    if height != width:
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        bottom, right = side - height - top, side - width - left
        padded = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REPLICATE)
        pixels = np.asarray(padded, np.uint8)
    if pixels.shape[0] != frame_px:
        # Area averages when shrinking, so that no texture aliases; it would be blocky when growing.
        shrinks = pixels.shape[0] > frame_px
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        resized = cv2.resize(pixels, (frame_px, frame_px), interpolation=method)
        pixels = np.asarray(resized, np.uint8)
    return pixels


def in_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Return a picture ``(h, w)`` or ``(h, w, 3)`` as grey ``(h, w)`` or RGB ``(h, w, 3)``."""
    if channels == 1 and pixels.ndim == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    if channels == 3 and pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    return pixels


def normalise(frames: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.float32]:
    """Return the normalised centres of squares.

    Args:
        frames: Shape ``(N, frame_px, frame_px)`` or ``(N, frame_px, frame_px, 3)``; grey is given
            to a colour network as three equal channels, colour to a grey one as its luma.
        how: Sizes and pixel statistics.

    Returns:
        Shape ``(N, channels, crop_px, crop_px)``, zero mean and unit variance over the training
        data.
    """
    start = (how.frame_px - how.crop_px) // 2
    stop = start + how.crop_px
    cut = frames[:, start:stop, start:stop]
    if cut.ndim == 4 and how.channels == 1:
        cut = np.stack([in_channels(face, 1) for face in cut]) if len(cut) else cut[..., 0]
    planes = cut[:, None] if cut.ndim == 3 else cut.transpose(0, 3, 1, 2)
    if planes.shape[1] != how.channels:
        planes = np.broadcast_to(planes, (len(cut), how.channels, *cut.shape[1:3]))
    centre = planes.astype(np.float32)
    centre *= np.float32(1 / (255.0 * how.std))
    centre -= np.float32(how.mean / how.std)
    return np.ascontiguousarray(centre)


def preprocess(crops: Sequence[NDArray[np.uint8]], how: Preprocessing) -> NDArray[np.float32]:
    """Return the network's input for a batch of crops of any sizes.

    Args:
        crops: RGB ``(h, w, 3)`` or grey ``(h, w)`` each; may be empty.
        how: Sizes and pixel statistics of the model.

    Returns:
        Shape ``(N, channels, crop_px, crop_px)``.
    """
    depth = () if how.channels == 1 else (how.channels,)
    frames = np.empty((len(crops), how.frame_px, how.frame_px, *depth), np.uint8)
    for row, crop in enumerate(crops):
        frames[row] = to_frame(crop, how.frame_px, how.channels)
    return normalise(frames, how)
