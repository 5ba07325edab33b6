"""Figures of merit, as pure functions of labels and scores.

Letters: N faces, K classes. ``labels`` are integers ``(N,)``; ``scores`` are ``(N, K)``, rows sum
to 1. All are written out here, in NumPy, because training reports them on machines that have no
more; :mod:`surveil.training.measure.audit` computes them again with scikit-learn and torchmetrics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surveil.training.records.figures import Bin, ClassRow

ClassIndices = NDArray[np.int64]
"""Labels, shape ``(N,)``, as places in a model's classes."""
Scores = NDArray[np.float32]

BINS = 15
"""Of confidence, as Guo et al. 2017 have them."""


def confusion(labels: ClassIndices, given: ClassIndices, classes: int) -> NDArray[np.int64]:
    """Return counts ``(K, K)``: rows are the true class, columns the one given."""
    flat = np.bincount(labels * classes + given, minlength=classes**2)
    return flat.reshape(classes, classes).astype(np.int64)


def class_figures(matrix: NDArray[np.int64], names: tuple[str, ...]) -> list[ClassRow]:
    """Return the figures of each class of a confusion matrix."""
    figures, total = [], int(matrix.sum())
    for k, name in enumerate(names):
        hits, given, support = int(matrix[k, k]), int(matrix[:, k].sum()), int(matrix[k].sum())
        precision = hits / given if given else 0.0
        recall = hits / support if support else 0.0
        others = total - support
        specificity = (others - (given - hits)) / others if others else 0.0
        f1 = 2 * hits / (given + support) if given + support else 0.0
        figures.append(
            ClassRow(emotion=name, precision=precision, recall=recall, specificity=specificity,
                     f1=f1, support=support)
        )  # fmt: skip
    return figures


def macro(figures: list[ClassRow]) -> tuple[float, float]:
    """Return balanced accuracy and macro-F1 over the classes that occur."""
    there = [figure for figure in figures if figure.support]
    if not there:
        return 0.0, 0.0
    recall = sum(figure.recall for figure in there) / len(there)
    return recall, sum(figure.f1 for figure in there) / len(there)


def top_accuracy(labels: ClassIndices, scores: Scores, k: int) -> float:
    """Return the share of faces whose class is among the ``k`` highest scores.

    Of equal scores the earlier class counts as the higher, as in ``argmax``.
    """
    if not len(labels):
        return 0.0
    of_truth = scores[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    ahead = (scores > of_truth) | ((scores == of_truth) & earlier)
    return float((ahead.sum(axis=1) < k).mean())


def log_loss(labels: ClassIndices, scores: Scores) -> float:
    """Return the mean negative log-likelihood of the true classes, in nats."""
    if not len(labels):
        return 0.0
    of_truth = scores[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(of_truth, 1e-12, 1)).mean())


def brier_score(labels: ClassIndices, scores: Scores) -> float:
    """Return the mean squared distance from the scores to the truth, 0..2 (Brier 1950)."""
    if not len(labels):
        return 0.0
    missing = scores.astype(np.float64)
    missing[np.arange(len(labels)), labels] -= 1
    return float((missing**2).sum(axis=1).mean())


def reliability(labels: ClassIndices, scores: Scores, bins: int = BINS) -> list[Bin]:
    """Return confidence and accuracy of the top class over equal bins of confidence.

    A confidence on a border belongs to the bin below it.
    """
    confidence = scores.max(axis=1, initial=0.0).astype(np.float64)
    right = (scores.argmax(axis=1) == labels).astype(np.float64)
    bin_of = _bin_of(confidence, bins)
    counts = np.bincount(bin_of, minlength=bins)
    sums = np.bincount(bin_of, confidence, minlength=bins)
    hits = np.bincount(bin_of, right, minlength=bins)
    return [
        Bin(
            low=k / bins, high=(k + 1) / bins, faces=int(n),
            # Single precision may carry a mean of ones past 1.
            confidence=min(float(sums[k] / n), 1.0) if n else None,
            accuracy=float(hits[k] / n) if n else None,
        )
        for k, n in enumerate(counts)
    ]  # fmt: skip


def calibration_error(labels: ClassIndices, scores: Scores, bins: int = BINS) -> float:
    """Return the expected calibration error of the top class (Naeini et al. 2015).

    The mean over faces of the gap between a bin's accuracy and its confidence.
    """
    gaps = (
        bin_.faces * abs(bin_.accuracy - bin_.confidence)
        for bin_ in reliability(labels, scores, bins)
        if bin_.accuracy is not None and bin_.confidence is not None
    )
    return sum(gaps) / max(len(labels), 1)


def chance_calibration_error(
    scores: Scores, bins: int = BINS, draws: int = 1000
) -> tuple[float, float]:
    """Return the calibration error that scores would show by chance if they were honest.

    It is never 0 on a limited number of faces. In each of the seeded draws every face is classified
    rightly with just the probability that its top score states.

    Returns:
        Mean of the draws, and their 95th percentile: honest scores show more in one case of 20.
    """
    if not len(scores):
        return 0.0, 0.0
    confidence = np.sort(scores.max(axis=1).astype(np.float64))
    bin_of = _bin_of(confidence, bins)
    first = np.flatnonzero(np.diff(bin_of, prepend=-1))
    random = np.random.default_rng(0)
    shown = np.empty(draws)
    for draw in range(draws):
        right = random.random(len(confidence)) < confidence
        shown[draw] = np.abs(np.add.reduceat(right - confidence, first)).sum() / len(scores)
    return float(shown.mean()), float(np.percentile(shown, 95))


def _bin_of(confidence: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    return np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1)
