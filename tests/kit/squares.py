"""A detector of white squares, and pictures with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from kit.detectors import ByDetecting
from surveil.domain import Box, Detection, Frame

LANDMARKS = np.zeros((5, 2), np.float32)


class SquareDetector(ByDetecting):
    """Finds white squares; remembers how many pixels it was given."""

    def __init__(self) -> None:
        self.pixels: list[int] = []
        self.rechecked = 0
        self.fails = False

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        if self.fails:
            raise RuntimeError("the device is gone")
        self.pixels.append(sum(frame.shape[0] * frame.shape[1] for frame in frames))
        return [self._find(frame) for frame in frames]

    def recheck(self, frame: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Detection]:
        self.rechecked += len(boxes)
        pixels = list(self.pixels)
        again = super().recheck(frame, boxes)
        self.pixels = pixels
        return again

    def _find(self, frame: NDArray[np.uint8]) -> list[Detection]:
        mask = (frame[..., 0] > 200).astype(np.uint8)
        _, _, found, _ = cv2.connectedComponentsWithStats(mask)
        return [
            Detection(Box(x, y, x + w, y + h), 0.99, LANDMARKS + np.array([x, y], np.float32))
            for x, y, w, h, _ in found[1:].tolist()
        ]


def frame_of(image: NDArray[np.uint8], at_s: float) -> Frame:
    return Frame("lobby", "run", 1, datetime.fromtimestamp(at_s, UTC), at_s, image)


def picture(*squares: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return 1280x720 pixels of dark grey with white squares at ``x, y`` of a side."""
    image = np.full((720, 1280, 3), 60, np.uint8)
    add_squares(image, *squares)
    return image


def add_squares(image: NDArray[np.uint8], *squares: tuple[int, int, int]) -> None:
    for x, y, side in squares:
        image[y : y + side, x : x + side] = 255


def boxes(faces: Sequence[Detection]) -> list[tuple[float, float, float, float]]:
    return [face.box.xyxy for face in faces]
