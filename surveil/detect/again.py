"""O-Net alone, on faces whose places are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from surveil.boxes import Boxes, as_box, clip, square
from surveil.detect.area import AreaSampler
from surveil.detect.cascade import Candidates, look
from surveil.detect.networks import MtcnnNetworks
from surveil.detect.sampler import Sampler
from surveil.domain import Box, Detection


def look_again(
    frame: NDArray[np.uint8],
    boxes: Sequence[Box],
    networks: MtcnnNetworks,
    sampler: Callable[[NDArray[np.uint8]], Sampler] = AreaSampler,
) -> list[Detection]:
    """See :meth:`surveil.detect.detector.Detector.recheck`; faces are resampled as told.

    O-Net sees the square about each box, as it saw the square about R-Net's: of squares larger by 0
    to 10% those of the same size gave the boxes nearest to a full detection's.
    """
    height, width = frame.shape[:2]
    known = np.array([box.xyxy for box in boxes], dtype=np.float32).reshape(-1, 4)
    found = [_gone(row) for row in clip(known, width=width, height=height)]
    squares = square(known)
    # Each face is cut out of its own part of the frame, so that nothing grows with the frame.
    low, high = np.floor(squares[:, :2]) - 1, np.ceil(squares[:, 2:]) + 1
    parts = clip(np.concatenate([low, high], axis=1), width=width, height=height).astype(np.intp)
    inside = np.flatnonzero(np.all(parts[:, 2:] > parts[:, :2], axis=1))
    corners = parts[inside, :2].astype(np.float32)
    samplers = [
        sampler(frame[top:bottom, left:right]) for left, top, right, bottom in parts[inside]
    ]
    candidates = Candidates(
        squares[inside] - np.tile(corners, 2),
        np.zeros(len(inside), np.float32),
        np.arange(len(inside)),
    )
    faces, landmarks = look(candidates, samplers, networks)
    moved = clip(faces.boxes + np.tile(corners[faces.frames], 2), width=width, height=height)
    for face, part in enumerate(faces.frames):
        points = landmarks[face] + corners[part]
        found[inside[part]] = Detection(as_box(moved[face]), float(faces.scores[face]), points)
    return found


def _gone(row: Boxes) -> Detection:
    """Return what is told of a box ``(4,)`` of which no pixel is in the frame."""
    return Detection(as_box(row), 0.0, np.tile((row[:2] + row[2:]) / 2, (5, 1)))
