"""Figures of merit, as pure functions of labels and scores.

Letters: N faces, K classes. ``labels`` are integers ``(N,)``; ``scores`` are ``(N, K)``, rows sum
to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Scores = NDArray[np.float32]

_Z95 = 1.959963984540054
"""97.5th percentile of the normal distribution, for intervals of 95%."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class. Precision is 0 where the class was never given, recall where it never occurs."""

    emotion: str
    precision: float
    recall: float
    f1: float
    support: int


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927); ``(0, 1)`` of nothing."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = hits / total, _Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def confusion(labels: Labels, given: Labels, classes: int) -> NDArray[np.int64]:
    """Return counts ``(K, K)``: rows are the true class, columns the one given."""
    flat = np.bincount(labels * classes + given, minlength=classes**2)
    return flat.reshape(classes, classes).astype(np.int64)


def class_figures(matrix: NDArray[np.int64], names: tuple[str, ...]) -> list[ClassFigures]:
    """Return the figures of each class of a confusion matrix."""
    figures = []
    for k, name in enumerate(names):
        hits, given, support = int(matrix[k, k]), int(matrix[:, k].sum()), int(matrix[k].sum())
        precision = hits / given if given else 0.0
        recall = hits / support if support else 0.0
        f1 = 2 * hits / (given + support) if given + support else 0.0
        figures.append(ClassFigures(name, precision, recall, f1, support))
    return figures


def macro(figures: list[ClassFigures]) -> tuple[float, float]:
    """Return balanced accuracy and macro-F1 over the classes that occur."""
    there = [figure for figure in figures if figure.support]
    if not there:
        return 0.0, 0.0
    recall = sum(figure.recall for figure in there) / len(there)
    return recall, sum(figure.f1 for figure in there) / len(there)


def log_loss(labels: Labels, scores: Scores) -> float:
    """Return the mean negative log-likelihood of the true classes, in nats."""
    if not len(labels):
        return 0.0
    of_truth = scores[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(of_truth, 1e-12, 1)).mean())


def calibration_error(labels: Labels, scores: Scores, bins: int = 15) -> float:
    """Return the expected calibration error of the top class over equal bins of confidence.

    Naeini et al. 2015; a confidence on a border belongs to the bin below it.
    """
    if not len(labels):
        return 0.0
    confidence = scores.max(axis=1).astype(np.float64)
    right = (scores.argmax(axis=1) == labels).astype(np.float64)
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(bin_of, right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(labels))
