"""Sampled pictures as a decoder gives them, Y, U and V apart, and their conversion to RGB.

Most cameras send 4:2:0 with 8 bits. Such a picture goes into the ring as it is, half the bytes of
RGB, and whoever reads it converts what it looks at; what nobody looks at is never converted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box, Frame

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Y, shape ``(H, W)``, U and V, shape ``(H/2, W/2)``; H and W are even; any strides."""


class Colour(IntEnum):
    """Matrix and range of Y, U and V; the range is 16..235 (240) or full, 0..255."""

    BT601 = 1
    BT601_FULL = 2
    BT709 = 3
    BT709_FULL = 4


_FULL = (Colour.BT601_FULL, Colour.BT709_FULL)
_FIELDS = (
    "camera", "run", "index", "captured_at", "captured_mono_s", "planes", "colour", "_canvas",
    "_image",
)  # fmt: skip

_WEIGHTS = {
    Colour.BT601: (0.299, 0.114),
    Colour.BT601_FULL: (0.299, 0.114),
    Colour.BT709: (0.2126, 0.0722),
    Colour.BT709_FULL: (0.2126, 0.0722),
}
"""Of red and blue in Y (ITU-R BT.601-7, 2.5.1, and BT.709-6, 3.2)."""


class PlanarFrame(Frame):
    """A frame that becomes RGB as far as it is looked at.

    Args:
        camera: See :class:`~surveil.domain.Frame`, as the next four.
        run: Of the camera.
        index: In the run.
        captured_at: On the wall clock.
        captured_mono_s: On the monotonic clock.
        planes: Upright, with square pixels. Of a decoder they are views of its memory, which they
            keep alive.
        colour: What they mean.
    """

    __slots__ = ("_canvas", "_image", "colour", "planes")

    planes: Planes
    colour: Colour
    _canvas: NDArray[np.uint8] | None
    _image: NDArray[np.uint8] | None

    def __init__(
        self,
        camera: str,
        run: str,
        index: int,
        captured_at: datetime,
        captured_mono_s: float,
        planes: Planes,
        colour: Colour,
    ) -> None:
        values = (camera, run, index, captured_at, captured_mono_s, planes, colour, None, None)
        for name, value in zip(_FIELDS, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def image(self) -> NDArray[np.uint8]:
        """RGB, shape ``(H, W, 3)``, dtype uint8; converted once."""
        image = self._image
        if image is None:
            image = to_rgb(self.planes, self.colour)
            object.__setattr__(self, "_image", image)
        return image

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.planes[0].shape
        return width, height

    @property
    def light(self) -> NDArray[np.uint8]:
        return self.planes[0]

    @property
    def light_gain(self) -> float:
        return 1.0 if self.colour in _FULL else 255 / 219

    def showing(self, parts: Sequence[Box]) -> NDArray[np.uint8]:
        if self._image is not None:
            return self.image
        width, height = self.size
        canvas = self._canvas
        if canvas is None:
            canvas = np.zeros((height, width, 3), np.uint8)  # pages nobody writes to cost nothing
            object.__setattr__(self, "_canvas", canvas)
        for part in parts:
            left, right = _even(part.x1, part.x2, width)
            top, bottom = _even(part.y1, part.y2, height)
            if left < right and top < bottom:
                cut = _cut(self.planes, left, top, right, bottom)
                canvas[top:bottom, left:right] = to_rgb(cut, self.colour)
        return canvas


def _even(low: float, high: float, size: int) -> tuple[int, int]:
    """Return the even pixels that hold a stretch, within the frame: two share their colours."""
    return max(math.floor(low / 2) * 2, 0), min(math.ceil(high / 2) * 2, size)


def _cut(planes: Planes, left: int, top: int, right: int, bottom: int) -> Planes:
    luma, *chroma = planes
    u, v = (one[top // 2 : bottom // 2, left // 2 : right // 2] for one in chroma)
    return luma[top:bottom, left:right], u, v


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


def to_rgb(planes: Planes, colour: Colour) -> NDArray[np.uint8]:
    """Return a picture as RGB, shape ``(H, W, 3)``, within 3 grey levels of FFmpeg's."""
    return Canvas().show(planes, colour)


class Canvas:
    """Memory in which pictures become RGB, one after the other.

    Where they come now and then, fresh memory for each takes longer than the conversion: the
    allocator gives it back in between, and the kernel clears it again page by page.
    """

    def __init__(self) -> None:
        self._height = self._width = 0

    def show(self, planes: Planes, colour: Colour, *, is_bgr: bool = False) -> NDArray[np.uint8]:
        """Return what :func:`to_rgb` does, to be changed at will, until the next call.

        Args:
            planes: The picture.
            colour: What they mean.
            is_bgr: Blue first, as OpenCV writes it.
        """
        # Here and not above: a capture process, which only writes, does without OpenCV.
        import cv2

        luma, *chroma = planes
        self._fit(*luma.shape)
        if colour is Colour.BT601:
            order = cv2.COLOR_YUV2BGR_I420 if is_bgr else cv2.COLOR_YUV2RGB_I420
            cv2.cvtColor(pack(planes), order, dst=self._rgb)
            return self._rgb
        for plane, wide in zip(chroma, self._wide, strict=True):
            # Each sample twice across, as one number of 16 bits, and twice down.
            np.multiply(plane, 257, out=self._twice, dtype=np.uint16)
            wide[0::2] = wide[1::2] = self._twice.view(np.uint8)
        cv2.merge((luma, *self._wide), dst=self._yuv)
        cv2.transform(self._yuv, _matrix(colour)[:: -1 if is_bgr else 1], dst=self._rgb)
        return self._rgb

    def _fit(self, height: int, width: int) -> None:
        if (height, width) == (self._height, self._width):
            return
        self._height, self._width = height, width
        self._twice = np.empty((height // 2, width // 2), np.uint16)
        self._wide = np.empty((2, height, width), np.uint8)
        self._yuv = np.empty((height, width, 3), np.uint8)
        self._rgb = np.empty((height, width, 3), np.uint8)


def _matrix(colour: Colour) -> NDArray[np.float32]:
    """Return the matrix from Y, U, V, 1 to R, G, B, shape ``(3, 4)``."""
    red, blue = _WEIGHTS[colour]
    green = 1 - red - blue
    is_full = colour in _FULL
    luma, chroma, black = (1.0, 1.0, 0.0) if is_full else (255 / 219, 255 / 224, 16.0)
    r_v, b_u = 2 * (1 - red) * chroma, 2 * (1 - blue) * chroma
    g_u, g_v = -b_u * blue / green, -r_v * red / green
    rows = [(luma, u, v) for u, v in ((0.0, r_v), (g_u, g_v), (b_u, 0.0))]
    return np.array([(y, u, v, -y * black - 128 * (u + v)) for y, u, v in rows], np.float32)
