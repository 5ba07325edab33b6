"""Make faces on a picture unrecognisable. Pure.

What is blurred is replaced by a few means of its pixels, from which no sharpening brings a face
back: what is not in the picture any more cannot be found in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box
from surveil.live.readings_ring import LiveReading

CELLS = 4
"""Means across a blurred face, and down it."""

SAMPLES = 16
"""Pixels along a side of a cell that its mean is made of, at least, where it has so many."""

WHOLE_CELLS = 12
"""Means along the longer side of a picture that is blurred entirely."""

MARGIN = 0.35
"""Of a box's longer side, added on all sides: a box ends at chin and brows, a head does not."""

SPEED = 1.0
"""Longer sides a second by which a face may have moved since, or until, it was seen."""


def hidden_parts(
    readings: Iterable[LiveReading], at: datetime, *, margin: float = MARGIN
) -> list[Box]:
    """Return what has to be blurred on a frame, in fractions of it, clipped.

    Args:
        readings: Of the frame's run, from shortly before it to shortly after: a track is hidden
            wherever one of them has it, so that a face that one missed is hidden by the others.
        at: When the frame was captured.
        margin: See :data:`MARGIN`.
    """
    parts: dict[int, Box] = {}
    for reading in readings:
        apart_s = abs((reading.captured_at - at).total_seconds())
        for face in reading.faces:
            grow_x = face.box.width * (margin + SPEED * apart_s)
            grow_y = face.box.height * (margin + SPEED * apart_s)
            known = parts.get(face.track_id, face.box)
            parts[face.track_id] = Box(
                max(min(face.box.x1 - grow_x, known.x1), 0.0),
                max(min(face.box.y1 - grow_y, known.y1), 0.0),
                min(max(face.box.x2 + grow_x, known.x2), 1.0),
                min(max(face.box.y2 + grow_y, known.y2), 1.0),
            )
    return list(parts.values())


def blur_parts(image: NDArray[np.uint8], parts: Iterable[Box]) -> None:
    """Blur parts of a picture in place.

    Args:
        image: Shape ``(H, W, 3)``, colours in any order; changed.
        parts: In fractions of it.
    """
    height, width = image.shape[:2]
    for part in parts:
        left, right = max(int(part.x1 * width), 0), max(math.ceil(part.x2 * width), 0)
        top, bottom = max(int(part.y1 * height), 0), max(math.ceil(part.y2 * height), 0)
        cut = image[top:bottom, left:right]
        if cut.size:
            cut[...] = _coarse(cut, min(CELLS, cut.shape[1]), min(CELLS, cut.shape[0]))


def blur_whole(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of the same size on which nobody can be recognised."""
    height, width = image.shape[:2]
    cell_px = max(width, height) / WHOLE_CELLS
    return _coarse(image, max(round(width / cell_px), 1), max(round(height / cell_px), 1))


def _coarse(cut: NDArray[np.uint8], across: int, down: int) -> NDArray[np.uint8]:
    height, width = cut.shape[:2]
    step = max(min(width // across, height // down) // SAMPLES, 1)
    some = np.ascontiguousarray(cut[::step, ::step])
    means = cv2.resize(some, (across, down), interpolation=cv2.INTER_AREA)
    smooth: NDArray[np.uint8]
    smooth = cv2.resize(means, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return smooth
