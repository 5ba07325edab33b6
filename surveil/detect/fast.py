"""The first stage of fast detection: P-Net once over a canvas with all levels of a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surveil.detect.canvas import Canvas, canvas_for
from surveil.detect.cascade import THRESHOLDS, Candidates, Floats, merge, nothing, windows_at
from surveil.detect.halving import HalvingSampler
from surveil.detect.networks import MtcnnNetworks, normalise
from surveil.detect.scales import STRIDE_PX

REFINED_ABOVE = 0.5
"""IoU above which R-Net's boxes suppress each other; the reference has 0.7 and gives O-Net twice
as many."""


def propose_on_canvas(
    samplers: Sequence[HalvingSampler], networks: MtcnnNetworks, min_face_px: int
) -> Candidates:
    """Return what P-Net proposes, frame by frame: on a CPU a batch of frames gains nothing."""
    parts = []
    for number, sampler in enumerate(samplers):
        canvas = canvas_for(sampler.height, sampler.width, min_face_px)
        if canvas is None:
            continue
        offsets, scores = networks.proposal(normalise(_paint(canvas, sampler)[None]))
        parts.append(merge(number, _levels(canvas, offsets[0], scores[0])))
    return Candidates.joined(parts)


def _paint(canvas: Canvas, sampler: HalvingSampler) -> NDArray[np.float32]:
    painted = np.zeros((*canvas.size, 3), np.float32)
    for (top, left), (height, width) in zip(canvas.corners, canvas.sizes, strict=True):
        painted[top : top + height, left : left + width] = sampler.resize(height, width)
    return painted


def _levels(canvas: Canvas, offsets: Floats, scores: Floats) -> list[tuple[Floats, Floats]]:
    """Return the windows of each level, as :func:`~surveil.detect.cascade.windows_at` does."""
    ys, xs = np.nonzero((scores >= THRESHOLDS[0]) & (canvas.level_of >= 0))
    level_of = canvas.level_of[ys, xs]
    cells = canvas.corners // STRIDE_PX
    moved, passed = offsets[:, ys, xs].T, scores[ys, xs]
    found = []
    for level in np.unique(level_of):
        own = level_of == level
        top, left = cells[level]
        corners = np.stack([xs[own] - left, ys[own] - top], axis=1)
        found.append(windows_at(corners, moved[own], passed[own], float(canvas.scales[level])))
    return found or [nothing(8)]
