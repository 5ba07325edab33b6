"""Decoded pictures to RGB as a person would see them: upright, with square pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
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


def find_turns(frame: VideoFrame) -> tuple[bool, int]:
    """Return whether to mirror a picture left to right, and then its quarter turns anticlockwise.

    Taken from the display matrix that phones write beside the picture; other angles than quarter
    turns are rounded to one.
    """
    side_data: Iterable[Any] = frame.side_data  # stubbed as a dictionary, iterates over its values
    for data in side_data:
        if data.type is Type.DISPLAYMATRIX:
            a, b, _, c, d = (float(word) for word in np.frombuffer(bytes(data), np.int32)[:5])
            is_mirrored = a * d - b * c < 0
            if is_mirrored:
                a, b = -a, -b
            return is_mirrored, round(math.atan2(-b, a) / (math.pi / 2)) % 4
    return False, 0


class Converter:
    """Converts the pictures of one stream; keeps the scaler's tables between pictures."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def to_rgb(self, frame: VideoFrame, pixel_aspect: Fraction | None) -> NDArray[np.uint8]:
        """Return a picture as RGB, shape ``(H, W, 3)``, dtype uint8, contiguous, freshly allocated.

        Args:
            frame: A decoded picture in any software pixel format.
            pixel_aspect: Width over height of its pixels; None and 0 mean square.
        """
        width, height = display_size(frame.width, frame.height, pixel_aspect)
        rgb = self._reformatter.reformat(frame, width, height, "rgb24", threads=1)
        image: NDArray[np.uint8] = rgb.to_ndarray()  # type: ignore[assignment]
        is_mirrored, turns = find_turns(frame)
        if is_mirrored:
            image = image[:, ::-1]
        return np.ascontiguousarray(np.rot90(image, turns))
