"""The first stage of fast detection: P-Net once over a canvas with all levels of a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surveil.detect.canvas import Canvas, canvas_for
from surveil.detect.cascade import THRESHOLDS, Candidates, Floats, merge, windows_at
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
        parts.append(merge(number, [_windows(canvas, offsets[0], scores[0])]))
    return Candidates.joined(parts)


def _paint(canvas: Canvas, sampler: HalvingSampler) -> NDArray[np.float32]:
    painted = np.zeros((*canvas.size, 3), np.float32)
    for (top, left), (height, width) in zip(canvas.corners, canvas.sizes, strict=True):
        painted[top : top + height, left : left + width] = sampler.resize(height, width)
    return painted


def _windows(canvas: Canvas, offsets: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Return the windows of all levels, as :func:`~surveil.detect.cascade.windows_at` does."""
    ys, xs = np.nonzero((scores >= THRESHOLDS[0]) & (canvas.level_of >= 0))
    levels = canvas.level_of[ys, xs]
    tops, lefts = (canvas.corners[levels] // STRIDE_PX).T
    cells = np.stack([xs - lefts, ys - tops], axis=1)
    scales = canvas.scales[levels][:, None]
    return windows_at(cells, offsets[:, ys, xs].T, scores[ys, xs], scales, levels)
