"""Decoded pictures to RGB as a person would see them: upright, with square pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray


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
        if orientation.is_mirrored:
            image = image[:, ::-1]
        return np.ascontiguousarray(np.rot90(image, orientation.turns))
