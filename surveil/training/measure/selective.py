"""What a model is worth if it may abstain: accuracy on the faces it is surest of.

El-Yaniv and Wiener 2010 call the share of faces that get an answer the coverage. The surest faces
are those of the highest top score. Letters as in :mod:`surveil.training.measure.metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.training.measure.metrics import wilson_interval

PRECISIONS = (0.85, 0.90)
"""Shares of right answers that thresholds are sought for."""

POINTS = 101
"""Most points of a curve that is written down."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a threshold does on a set of faces.

    Attributes:
        threshold: Faces whose top score is at least this get an answer.
        coverage: Their share of all faces.
        precision: The share of them that is right; ``None`` where none got an answer.
        interval: Its 95% Wilson interval.
    """

    threshold: float
    coverage: float
    precision: float | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least threshold that reaches a precision.

    Attributes:
        precision: Wanted.
        threshold: Chosen on the very faces it is reported on; ``None`` where none reaches it.
        coverage: Share of faces at or above it; 0 where none reaches it.
        reached: Whether one does.
        precision_reached: The share of them that is right, at least ``precision``; ``None`` where
            none reaches it.
        on_validation: What the threshold chosen on the validation split does on these faces, which
            is what can be expected of one that is set in advance.
    """

    precision: float
    threshold: float | None
    coverage: float
    reached: bool
    on_validation: Answered | None = None
    precision_reached: float | None = None


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """``curve`` holds ``(coverage, accuracy)`` from the surest faces to all of them."""

    curve: list[tuple[float, float]]
    thresholds: list[Threshold]


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
    falling = confidence[order].astype(np.float64)
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
        return Answered(threshold, 0.0, None, wilson_interval(0, 0))
    faces, hits = int(ranked.faces[count - 1]), int(ranked.hits[count - 1])
    share = faces / int(ranked.faces[-1])
    return Answered(threshold, share, hits / faces, wilson_interval(hits, faces))


def risk_coverage(ranked: Ranked, validation: Ranked | None = None) -> RiskCoverage:
    """Return curve and thresholds of ranked faces.

    Args:
        ranked: Those reported on.
        validation: Those on which a threshold would have been set in advance.
    """
    if not len(ranked.faces):
        return RiskCoverage([], [Threshold(p, None, 0.0, False) for p in PRECISIONS])
    coverage = ranked.faces / ranked.faces[-1]
    wanted = np.linspace(0, 1, POINTS)[1:]
    # The first group at or beyond each wanted coverage; small sets give fewer points.
    at = np.unique(np.searchsorted(coverage, wanted - 1e-12))
    curve = [(float(coverage[i]), float(ranked.hits[i] / ranked.faces[i])) for i in at]
    thresholds = []
    for precision in PRECISIONS:
        own = threshold_for(ranked, precision)
        earlier = threshold_for(validation, precision) if validation is not None else None
        thresholds.append(
            Threshold(
                precision,
                own[0] if own else None,
                own[1] if own else 0.0,
                own is not None,
                answered(ranked, earlier[0]) if earlier else None,
                answered(ranked, own[0]).precision if own else None,
            )
        )
    return RiskCoverage(curve, thresholds)
