"""Sampled pictures as a decoder gives them, Y, U and V apart, and their conversion to RGB.

Most cameras send 4:2:0 with 8 bits. Such a picture goes into the ring as it is, half the bytes of
RGB, and whoever reads it converts it; one that nobody reads is never converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Frame

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Y, shape ``(H, W)``, U and V, shape ``(H/2, W/2)``; H and W are even; any strides."""


class Colour(IntEnum):
    """Matrix and range of Y, U and V; the range is 16..235 (240) or full, 0..255."""

    BT601 = 1
    BT601_FULL = 2
    BT709 = 3
    BT709_FULL = 4


_WEIGHTS = {
    Colour.BT601: (0.299, 0.114),
    Colour.BT601_FULL: (0.299, 0.114),
    Colour.BT709: (0.2126, 0.0722),
    Colour.BT709_FULL: (0.2126, 0.0722),
}
"""Of red and blue in Y (ITU-R BT.601-7, 2.5.1, and BT.709-6, 3.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanarFrame:
    """A :class:`~surveil.domain.Frame` that is not yet RGB.

    Attributes:
        planes: Upright, with square pixels. Views of the decoder's memory, which they keep alive.
        colour: What they mean.
    """

    camera: str
    run: str
    index: int
    captured_at: datetime
    captured_mono_s: float
    planes: Planes
    colour: Colour

    @property
    def image(self) -> NDArray[np.uint8]:
        """RGB, shape ``(H, W, 3)``, dtype uint8; converted anew each time."""
        return to_rgb(pack(self.planes), self.colour)


SampledFrame = Frame | PlanarFrame
"""What a capture session hands on: planes where they are plain, else RGB."""


def split(packed: NDArray[np.uint8]) -> Planes:
    """Return the planes of a packed picture (I420), shape ``(H*3/2, W)``, as views."""
    rows, width = packed.shape
    height = rows * 2 // 3
    luma, chroma = packed[:height], packed[height:].reshape(2, height // 2, width // 2)
    return luma, chroma[0], chroma[1]


def pack(planes: Planes) -> NDArray[np.uint8]:
    """Return planes one after the other (I420), shape ``(H*3/2, W)``, as a copy."""
    height, width = planes[0].shape
    packed = np.empty((height * 3 // 2, width), np.uint8)
    for to, plane in zip(split(packed), planes, strict=True):
        np.copyto(to, plane)
    return packed


def to_rgb(packed: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
    """Return a packed picture as RGB, shape ``(H, W, 3)``, within 3 grey levels of FFmpeg's.

    Args:
        packed: I420, shape ``(H*3/2, W)``, contiguous.
        colour: What it means.
    """
    # Here and not above: a capture process, which only writes, does without OpenCV.
    import cv2

    image: NDArray[np.uint8]
    if colour is Colour.BT601:
        image = cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420)  # type: ignore[assignment]
        return image
    luma, u, v = split(packed)
    size = (luma.shape[1], luma.shape[0])
    wide = [cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST) for plane in (u, v)]
    image = cv2.transform(cv2.merge((luma, *wide)), _matrix(colour))  # type: ignore[assignment]
    return image


def _matrix(colour: Colour) -> NDArray[np.float32]:
    """Return the matrix from Y, U, V, 1 to R, G, B, shape ``(3, 4)``."""
    red, blue = _WEIGHTS[colour]
    green = 1 - red - blue
    is_full = colour in (Colour.BT601_FULL, Colour.BT709_FULL)
    luma, chroma, black = (1.0, 1.0, 0.0) if is_full else (255 / 219, 255 / 224, 16.0)
    r_v, b_u = 2 * (1 - red) * chroma, 2 * (1 - blue) * chroma
    g_u, g_v = -b_u * blue / green, -r_v * red / green
    rows = [(luma, u, v) for u, v in ((0.0, r_v), (g_u, g_v), (b_u, 0.0))]
    return np.array([(y, u, v, -y * black - 128 * (u + v)) for y, u, v in rows], np.float32)
