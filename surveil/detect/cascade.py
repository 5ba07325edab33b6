"""The three stages of MTCNN (Zhang et al., 2016, arXiv:1604.02878) on a batch of frames.

The arithmetic is that of ``facenet_pytorch`` 2.6, in float32, since its results are the contract:
boxes count pixels from 1 and include both ends in places, and are cut to whole pixels by
truncation. Boxes may reach out of their frame until the caller clips them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.boxes import square
from surveil.detect.area import AreaSampler
from surveil.detect.networks import MtcnnNetworks, normalise
from surveil.detect.nms import Indices, keep_by_iou, keep_by_smaller
from surveil.detect.sampler import Sampler
from surveil.detect.scales import CELL_PX, STRIDE_PX, pyramid_scales

Floats = NDArray[np.float32]

THRESHOLDS = (0.6, 0.7, 0.7)
"""Lowest scores to pass P-Net, R-Net and O-Net (facenet-pytorch's defaults)."""
CROPS_AT_ONCE = 256
"""Bound of one batch of R-Net or O-Net, so that a wall of candidates costs time, not memory."""
CROPS_STEP = 4
"""Batches are filled up to a multiple of this, those of one or two excepted: an engine prepares
itself for each size it meets, and keeps what it prepared."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes ``(N, 4)``, scores ``(N,)`` and the number of the frame each belongs to ``(N,)``."""

    boxes: Floats
    scores: Floats
    frames: Indices

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """Return the candidates of several frames as one."""
        if not parts:
            return cls(*nothing(4), np.zeros(0, dtype=np.intp))
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.frames for part in parts]),
        )

    def pick(self, chosen: Indices | NDArray[np.bool_]) -> Candidates:
        return Candidates(self.boxes[chosen], self.scores[chosen], self.frames[chosen])

    def suppress(self, keep: Callable[[Floats, Floats], Indices]) -> Indices:
        """Return the indices that survive suppression within each frame, frame by frame."""
        kept = []
        for frame in np.unique(self.frames):
            own = np.flatnonzero(self.frames == frame)
            kept.append(own[keep(self.boxes[own], self.scores[own])])
        return np.concatenate(kept) if kept else np.zeros(0, dtype=np.intp)


def propose(
    samplers: Sequence[AreaSampler], networks: MtcnnNetworks, min_face_px: int
) -> Candidates:
    """First stage: P-Net over the pyramids of all frames, those of equal size together."""
    by_size: dict[tuple[int, int], list[int]] = {}
    for number, sampler in enumerate(samplers):
        by_size.setdefault((sampler.height, sampler.width), []).append(number)
    found: dict[int, list[tuple[Floats, Floats]]] = {}
    for (height, width), numbers in by_size.items():
        for scale in pyramid_scales(height, width, min_face_px):
            size = int(height * scale + 1), int(width * scale + 1)
            level = np.stack([samplers[number].resize(*size) for number in numbers])
            offsets, scores = networks.proposal(normalise(level))
            for row, number in enumerate(numbers):
                hits = _windows(offsets[row], scores[row], scale)
                found.setdefault(number, []).append(hits)
    return Candidates.joined([merge(number, levels) for number, levels in found.items()])


def nothing(columns: int) -> tuple[Floats, Floats]:
    """Return no windows, of so many columns, and their scores."""
    return np.zeros((0, columns), dtype=np.float32), np.zeros(0, dtype=np.float32)


def _windows(offsets: Floats, scores: Floats, scale: float) -> tuple[Floats, Floats]:
    ys, xs = np.nonzero(scores >= THRESHOLDS[0])
    cells = np.stack([xs, ys], axis=1)
    return windows_at(cells, offsets[:, ys, xs].T, scores[ys, xs], scale)


def windows_at(
    cells: Indices,
    offsets: Floats,
    scores: Floats,
    scale: float | Floats,
    levels: NDArray[np.integer] | None = None,
) -> tuple[Floats, Floats]:
    """Return windows of one level, or of some, that may hold a face, and their scores ``(N,)``.

    Args:
        cells: Column and row of P-Net's cells, ``(M, 2)``.
        offsets: Of each, ``(M, 4)``.
        scores: Of each, ``(M,)``.
        scale: Of the level, or of each cell's, ``(M, 1)``.
        levels: Of each cell, ``(M,)``, where they are of several.

    Returns:
        Windows in pixels of the frame with their offsets, ``(N, 8)``, those suppressed left out.
    """
    if len(cells) == 0:
        return nothing(8)
    corner = cells.astype(np.float32) * STRIDE_PX
    low = np.floor((corner + 1) / np.float32(scale))
    high = np.floor((corner + CELL_PX) / np.float32(scale))
    windows = np.concatenate([low, high, offsets], axis=1)
    kept = keep_by_iou(np.ascontiguousarray(windows[:, :4]), scores, above=0.5, groups=levels)
    return windows[kept], scores[kept]


def merge(number: int, levels: Sequence[tuple[Floats, Floats]]) -> Candidates:
    """Merge the levels of one frame and move each window by its offsets."""
    windows = np.concatenate([level[0] for level in levels])
    scores = np.concatenate([level[1] for level in levels])
    kept = keep_by_iou(np.ascontiguousarray(windows[:, :4]), scores, above=0.7)
    windows, scores = windows[kept], scores[kept]
    boxes = windows[:, :4]
    moved = boxes + windows[:, 4:] * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return Candidates(square(moved), scores, np.full(len(moved), number, dtype=np.intp))


def refine(
    candidates: Candidates,
    samplers: Sequence[Sampler],
    networks: MtcnnNetworks,
    *,
    above: float = 0.7,
) -> Candidates:
    """Second stage: R-Net on 24 x 24 crops, whose boxes suppress each other from an IoU on."""
    candidates, crops = _crop(candidates, samplers, 24)
    if len(crops) == 0:
        return candidates
    offsets, scores = _in_bounded_batches(networks.refinement, crops, networks.crops_at_once)
    passed = scores > THRESHOLDS[1]
    candidates = Candidates(candidates.boxes, scores, candidates.frames).pick(passed)
    kept = candidates.suppress(lambda boxes, own: keep_by_iou(boxes, own, above=above))
    candidates = candidates.pick(kept)
    boxes = square(_move(candidates.boxes, offsets[passed][kept]))
    return Candidates(boxes, candidates.scores, candidates.frames)


def finish(
    candidates: Candidates, samplers: Sequence[Sampler], networks: MtcnnNetworks
) -> tuple[Candidates, Floats]:
    """Third stage: O-Net on 48 x 48 crops. Also returns landmarks ``(N, 5, 2)`` in pixels."""
    faces, landmarks = look(candidates, samplers, networks)
    passed = np.flatnonzero(faces.scores > THRESHOLDS[2])
    faces = faces.pick(passed)
    kept = faces.suppress(lambda boxes, own: keep_by_smaller(boxes, own, above=0.7))
    return faces.pick(kept), landmarks[passed[kept]]


def look(
    candidates: Candidates, samplers: Sequence[Sampler], networks: MtcnnNetworks
) -> tuple[Candidates, Floats]:
    """Run O-Net on candidates and nothing after it: all come back that have a pixel, in order."""
    candidates, crops = _crop(candidates, samplers, 48)
    if len(crops) == 0:
        return candidates, np.zeros((0, 5, 2), dtype=np.float32)
    offsets, points, scores = _in_bounded_batches(networks.output, crops, networks.crops_at_once)
    boxes = candidates.boxes
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    relative = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    landmarks = sides[:, None, :] * relative + boxes[:, None, :2] - 1
    return Candidates(_move(boxes, offsets), scores, candidates.frames), landmarks


def _move(boxes: Floats, offsets: Floats) -> Floats:
    """Return boxes moved by offsets in fractions of their sides, which include both ends."""
    moved: Floats = boxes + offsets * np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)
    return moved


def _crop(
    candidates: Candidates, samplers: Sequence[Sampler], side: int
) -> tuple[Candidates, Floats]:
    """Cut the candidates out of their frames; those without a pixel in their frame are dropped."""
    limits = np.array([[s.width, s.height] for s in samplers], dtype=np.intp).reshape(-1, 2)
    whole = np.trunc(candidates.boxes).astype(np.intp)
    low = np.maximum(whole[:, :2], 1) - 1
    high = np.minimum(whole[:, 2:], limits[candidates.frames])
    real: NDArray[np.bool_] = np.all(high > low, axis=1)
    candidates = candidates.pick(real)
    rectangles = np.concatenate([low, high], axis=1)[real]
    crops = np.empty((len(rectangles), side, side, 3), dtype=np.float32)
    for frame in np.unique(candidates.frames):
        own = candidates.frames == frame
        crops[own] = samplers[frame].crops(rectangles[own], side)
    return candidates, normalise(crops)


def _in_bounded_batches(
    network: Callable[[Floats], tuple[Floats, ...]], crops: Floats, sizes: Sequence[int]
) -> tuple[Floats, ...]:
    """Run a network on crops, in batches of these sizes where some are given, largest first."""
    count = len(crops)
    if surplus := -count % (CROPS_STEP if count > 2 else 1):
        crops = np.concatenate([crops, np.zeros((surplus, *crops.shape[1:]), np.float32)])
    batches, start = [], 0
    while start < len(crops):
        left = len(crops) - start
        size = next((size for size in sizes if size <= left), CROPS_AT_ONCE)
        batches.append(network(crops[start : start + size]))
        start += size
    return tuple(np.concatenate(outputs)[:count] for outputs in zip(*batches, strict=True))
