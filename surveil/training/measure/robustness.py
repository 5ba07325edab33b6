"""Faces as cameras spoil them: few pixels, blur, compression, wrong exposure, a box that is off.

Every condition makes a new crop of a face, which then takes the production path
(:func:`surveil.classify.to_frame`). Draws are seeded by the face's place, so that figures repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.classify import to_frame
from surveil.models import Preprocessing

Crop = NDArray[np.uint8]

SIZES_PX = (16, 24, 32, 48, 64, 100)
REFERENCE_PX = 48
"""Blur is given in pixels of a face of this side."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to spoil a face; ``change`` takes a square and a generator and gives a crop."""

    name: str
    change: Callable[[Crop, np.random.Generator], Crop]


def spoil(frames: Crop, condition: Condition, how: Preprocessing, seed: int = 0) -> Crop:
    """Return faces under a condition, as the model's frames.

    Args:
        frames: Squares ``(N, S, S)`` or ``(N, S, S, 3)``.
        condition: What is done to each.
        how: The model's preprocessing.
        seed: Of what is drawn.

    Returns:
        Shape ``(N, frame_px, frame_px)`` or ``(N, frame_px, frame_px, 3)``.
    """
    depth = () if how.channels == 1 else (how.channels,)
    spoilt = np.empty((len(frames), how.frame_px, how.frame_px, *depth), np.uint8)
    for index, frame in enumerate(frames):
        random = np.random.default_rng((seed, index))
        spoilt[index] = to_frame(condition.change(frame, random), how.frame_px, how.channels)
    return spoilt


def resized(crop: Crop, random: np.random.Generator, *, side_px: int) -> Crop:
    """Return the face as a camera would have it that sees it ``side_px`` high."""
    if crop.shape[0] == side_px:
        return crop
    method = cv2.INTER_AREA if crop.shape[0] > side_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(crop, (side_px, side_px), interpolation=method), np.uint8)


def blurred(crop: Crop, random: np.random.Generator, *, sigma_px: float) -> Crop:
    """Return the face after a Gaussian blur."""
    sigma = sigma_px * crop.shape[0] / REFERENCE_PX
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)


def compressed(crop: Crop, random: np.random.Generator, *, quality: int) -> Crop:
    """Return the face after JPEG of libjpeg's ``quality``, 1..100."""
    # OpenCV writes its third dimension as BGR; written and read alike, that changes no pixel.
    _, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)


def amplified(crop: Crop, random: np.random.Generator, *, factor: float) -> Crop:
    """Return the face with all pixels multiplied, clipped to white."""
    return np.asarray(np.clip(np.rint(crop * factor), 0, 255), np.uint8)


def jittered(crop: Crop, random: np.random.Generator, *, share: float) -> Crop:
    """Return what a box gives that is shifted and scaled by up to ``share`` of its side.

    What lies outside the square is its edge, repeated.
    """
    side = crop.shape[0]
    scale = 1 + random.uniform(-share, share)
    shift = random.uniform(-share, share, 2) * side
    # Maps a pixel of the result to its place in the face.
    centre = (side - 1) / 2
    origin = centre + shift - scale * centre
    matrix = np.array([[scale, 0, origin[0]], [0, scale, origin[1]]])
    moved = cv2.warpAffine(
        crop, matrix, (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(moved, np.uint8)


CONDITIONS = (
    *(Condition(f"face of {px} px", partial(resized, side_px=px)) for px in SIZES_PX),
    Condition("blur, sigma 1 px", partial(blurred, sigma_px=1.0)),
    Condition("blur, sigma 2 px", partial(blurred, sigma_px=2.0)),
    Condition("JPEG quality 30", partial(compressed, quality=30)),
    Condition("gain +30%", partial(amplified, factor=1.3)),
    Condition("gain -30%", partial(amplified, factor=0.7)),
    Condition("box jitter 10%", partial(jittered, share=0.1)),
)
"""In the order of reports; sigma is in pixels of a face of 48."""
