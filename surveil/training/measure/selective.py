"""What a model is worth if it may abstain: accuracy on the faces it is surest of.

El-Yaniv and Wiener 2010 call the share of faces that get an answer the coverage. The surest faces
are those of the highest top score. Letters as in :mod:`surveil.training.measure.metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.proportions import wilson_interval
from surveil.training.records.figures import Answered, RiskCoverage, Threshold

PRECISIONS = (0.85, 0.90)
"""Shares of right answers that thresholds are sought for."""

POINTS = 101
"""Most points of a curve that is written down."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Faces by falling confidence, those of equal confidence together.

    Attributes:
        confidence: Of each group, falling, shape ``(G,)``.
        faces: In it and all before it, shape ``(G,)``.
        hits: Of these, classified rightly, shape ``(G,)``.
    """

    confidence: NDArray[np.float64]
    faces: NDArray[np.int64]
    hits: NDArray[np.int64]


def rank(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> Ranked:
    """Return faces ranked by confidence; both arguments have shape ``(N,)``."""
    order = np.argsort(-confidence, kind="stable")
    # Single precision may carry a sure score past 1.
    falling = np.minimum(confidence[order].astype(np.float64), 1.0)
    hits = np.cumsum(right[order], dtype=np.int64)
    # A threshold cannot tell faces of equal confidence apart.
    last = np.flatnonzero(np.append(np.diff(falling) != 0, np.ones(min(len(falling), 1), bool)))
    return Ranked(falling[last], (last + 1).astype(np.int64), hits[last])


def threshold_for(ranked: Ranked, precision: float) -> tuple[float, float] | None:
    """Return the threshold of the largest coverage at which a precision holds, and the coverage.

    ``None`` if it holds nowhere.
    """
    held = np.flatnonzero(ranked.hits >= precision * ranked.faces)
    if not len(held):
        return None
    at = held[-1]
    return float(ranked.confidence[at]), float(ranked.faces[at] / ranked.faces[-1])


def answered(ranked: Ranked, threshold: float) -> Answered:
    """Return what a threshold does on ranked faces."""
    count = int((ranked.confidence >= threshold).sum())
    if not count:
        return Answered(threshold=threshold, coverage=0.0, interval=wilson_interval(0, 0), faces=0)
    faces, hits = int(ranked.faces[count - 1]), int(ranked.hits[count - 1])
    share = faces / int(ranked.faces[-1])
    return Answered(
        threshold=threshold,
        coverage=share,
        precision=hits / faces,
        interval=wilson_interval(hits, faces),
        faces=faces,
    )


def risk_coverage(ranked: Ranked, validation: Ranked | None = None) -> RiskCoverage:
    """Return curve and thresholds of ranked faces.

    Args:
        ranked: Those reported on.
        validation: Those on which a threshold would have been set in advance.
    """
    if not len(ranked.faces):
        return RiskCoverage(
            thresholds=tuple(Threshold(precision=p, reached=False) for p in PRECISIONS)
        )
    coverage = ranked.faces / ranked.faces[-1]
    wanted = np.linspace(0, 1, POINTS)[1:]
    # The first group at or beyond each wanted coverage; small sets give fewer points.
    at = np.unique(np.searchsorted(coverage, wanted - 1e-12))
    curve = [(float(coverage[i]), float(ranked.hits[i] / ranked.faces[i])) for i in at]
    thresholds = []
    for precision in PRECISIONS:
        own = threshold_for(ranked, precision)
        earlier = threshold_for(validation, precision) if validation is not None else None
        reached = answered(ranked, own[0]) if own else None
        thresholds.append(
            Threshold(
                precision=precision,
                threshold=own[0] if own else None,
                coverage=own[1] if own else 0.0,
                reached=own is not None,
                on_validation=answered(ranked, earlier[0]) if earlier else None,
                precision_reached=reached.precision if reached else None,
                faces=reached.faces if reached else None,
                interval=reached.interval if reached else None,
            )
        )
    return RiskCoverage(curve=tuple(curve), thresholds=tuple(thresholds))
