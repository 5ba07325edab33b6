"""Decoded pictures as a person would see them: upright, with square pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from surveil.sources.planar import Colour, Planes


def display_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Return width and height with square pixels, before any rotation; the height is kept."""
    if not pixel_aspect or pixel_aspect <= 0:
        return width, height
    return max(1, round(width * pixel_aspect)), height


@dataclass(frozen=True, slots=True)
class Orientation:
    """How to turn a picture upright: mirror it left to right, then turn it by quarters.

    ``turns`` are quarter turns anticlockwise, 0 to 3.
    """

    is_mirrored: bool = False
    turns: int = 0

    def __str__(self) -> str:
        mirrored = " mirrored" if self.is_mirrored else ""
        return f"{mirrored} turned {self.turns * 90}°" if self.turns else mirrored


UPRIGHT = Orientation()

_FORGET = 2
"""Key frames without an orientation after which there is none any more."""


class OrientationWatch:
    """The orientation of one stream, which lasts from the picture that tells it.

    Containers tell it with every picture, encoders (H.264 and H.265, display orientation SEI) at
    key frames alone, and some cameras not even at all of those.
    """

    def __init__(self) -> None:
        self._rotation: int | None = None
        self._orientation = UPRIGHT
        self._silent_keys = 0

    def observe(self, frame: VideoFrame) -> Orientation:
        """Return the orientation of the next picture; call it for each, in their order."""
        rotation = frame.rotation
        is_first = self._rotation is None
        is_told = rotation not in (0, self._rotation)
        is_withdrawn = frame.key_frame and rotation == 0 and self._orientation != UPRIGHT
        if not (is_first or is_told or is_withdrawn):
            if rotation:
                self._silent_keys = 0
            return self._orientation
        # Seldom: what side_data returns and the picture hold each other, until the collector runs.
        found = read_orientation(frame)
        if found is not None:
            self._orientation, self._rotation, self._silent_keys = found, rotation, 0
        elif is_withdrawn:
            self._silent_keys += 1
            if self._silent_keys >= _FORGET:
                self._orientation, self._rotation, self._silent_keys = UPRIGHT, 0, 0
        else:
            self._rotation = 0
        return self._orientation


def read_orientation(frame: VideoFrame) -> Orientation | None:
    """Return what the display matrix beside a picture says, None where there is no matrix.

    Other angles than quarter turns are rounded to one.
    """
    side_data: Iterable[Any] = frame.side_data  # stubbed as a dictionary, iterates over its values
    for data in side_data:
        if data.type is Type.DISPLAYMATRIX:
            a, b, _, c, d = (float(word) for word in np.frombuffer(bytes(data), np.int32)[:5])
            is_mirrored = a * d - b * c < 0
            if is_mirrored:
                a, b = -a, -b
            return Orientation(is_mirrored, round(math.atan2(-b, a) / (math.pi / 2)) % 4)
    return None


_PLAIN = {"yuv420p": False, "yuvj420p": True}
"""Pixel formats of plain planes, and whether their range is full whatever else is said."""

_BT709, _BT601 = (1,), (2, 5, 6)
"""Matrices (ITU-T H.273, 8.3); unspecified ones (2) are taken for BT.601, as FFmpeg does."""

_FULL_RANGE = 2


def upright_planes(
    frame: VideoFrame, pixel_aspect: Fraction | None, orientation: Orientation
) -> tuple[Planes, Colour] | None:
    """Return a picture's planes upright, as views that keep it alive, and what they mean.

    None where they are not plain: other pixel formats or matrices, odd sizes, pixels that are not
    square. Such a picture is converted to RGB at once.
    """
    size = (frame.width, frame.height)
    if frame.format.name not in _PLAIN or any(side % 2 for side in size):
        return None
    if display_size(*size, pixel_aspect) != size or any(p.line_size < 0 for p in frame.planes):
        return None
    is_full = _PLAIN[frame.format.name] or frame.color_range == _FULL_RANGE
    if frame.colorspace in _BT709:
        colour = Colour.BT709_FULL if is_full else Colour.BT709
    elif frame.colorspace in _BT601:
        colour = Colour.BT601_FULL if is_full else Colour.BT601
    else:
        return None
    y, u, v = (_turned(_plane_view(plane), orientation) for plane in frame.planes)
    return (y, u, v), colour


def _plane_view(plane: VideoPlane) -> NDArray[np.uint8]:
    """Return the bytes of a plane, shape ``(H, W)``, without its padding."""
    line_bytes, height = plane.line_size, plane.height
    data = np.frombuffer(memoryview(plane), np.uint8)
    return data[: line_bytes * height].reshape(height, line_bytes)[:, : plane.width]


def _turned(plane: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    return np.rot90(plane[:, ::-1] if orientation.is_mirrored else plane, orientation.turns)


class Converter:
    """Converts the pictures of one stream; keeps the scaler's tables between pictures."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def to_rgb(
        self, frame: VideoFrame, pixel_aspect: Fraction | None, orientation: Orientation
    ) -> NDArray[np.uint8]:
        """Return a picture as RGB, shape ``(H, W, 3)``, dtype uint8, contiguous, freshly allocated.

        Args:
            frame: A decoded picture in any software pixel format.
            pixel_aspect: Width over height of its pixels; None and 0 mean square.
            orientation: How to turn it upright.
        """
        width, height = display_size(frame.width, frame.height, pixel_aspect)
        rgb = self._reformatter.reformat(frame, width, height, "rgb24", threads=1)
        image: NDArray[np.uint8] = rgb.to_ndarray()  # type: ignore[assignment]
        return np.ascontiguousarray(_turned(image, orientation))
