"""Compute a report's figures again with scikit-learn and torchmetrics, and say how far they differ.

Training must report figures where neither is installed, so :mod:`surveil.training.measure.metrics`
has them in NumPy. Wherever the libraries are there, a report states that they agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from surveil.training.measure.metrics import BINS, ClassIndices, Scores
from surveil.training.records.figures import SetFigures


@dataclass(frozen=True, slots=True)
class Audit:
    """``libraries`` by name and version; the largest difference, and which figure shows it."""

    libraries: dict[str, str]
    figures: int
    largest_difference: float
    of: str


def audit(labels: ClassIndices, scores: Scores, evaluation: SetFigures) -> Audit | None:
    """Compare an evaluation with the libraries' figures; ``None`` where they are not installed.

    Args:
        labels: Shape ``(N,)``, at least one.
        scores: As the evaluation has them, shape ``(N, K)``.
        evaluation: Of these labels and scores.
    """
    try:
        differences = dict(_differences(labels, scores, evaluation))
    except ImportError:
        return None
    worst = max(differences, key=lambda name: differences[name])
    libraries = {name: version(name) for name in ("scikit-learn", "torchmetrics")}
    return Audit(libraries, len(differences), differences[worst], worst)


def _differences(
    labels: ClassIndices, scores: Scores, evaluation: SetFigures
) -> Iterator[tuple[str, float]]:
    # Imported here: both are extras for training, and take seconds.
    import torch
    from sklearn import metrics
    from torchmetrics.functional.classification import (
        multiclass_calibration_error,
        multiclass_specificity,
    )

    given = scores.argmax(axis=1)
    classes, present = range(scores.shape[1]), np.unique(labels)
    exact = scores.astype(np.float64) / scores.sum(axis=1, keepdims=True, dtype=np.float64)
    chosen = {"labels": present, "average": "macro", "zero_division": 0}
    top2 = (
        metrics.top_k_accuracy_score(labels, exact, k=2, labels=classes)
        if scores.shape[1] > 2
        else 1.0
    )
    for name, found, wanted in (
        ("accuracy", evaluation.accuracy, metrics.accuracy_score(labels, given)),
        ("balanced accuracy", evaluation.balanced_accuracy,
         metrics.recall_score(labels, given, **chosen)),
        ("macro-F1", evaluation.macro_f1, metrics.f1_score(labels, given, **chosen)),
        ("top-2 accuracy", evaluation.top2, top2),
        ("log-loss", evaluation.log_loss, metrics.log_loss(labels, exact, labels=classes)),
        ("ECE", evaluation.ece,
         float(multiclass_calibration_error(torch.from_numpy(scores), torch.from_numpy(labels),
                                            len(classes), n_bins=BINS, norm="l1"))),
    ):  # fmt: skip
        yield name, abs((found or 0.0) - float(wanted))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, given, labels=classes, zero_division=0
    )
    specificity = multiclass_specificity(
        torch.from_numpy(given), torch.from_numpy(labels), len(classes), average="none"
    ).numpy()
    rows = evaluation.per_class
    for name, figures, reference in (
        ("precision", [row.precision for row in rows], precision),
        ("recall", [row.recall for row in rows], recall),
        ("F1", [row.f1 for row in rows], f1),
        ("specificity", [row.specificity for row in rows], specificity),
    ):
        yield f"{name} by class", float(np.abs(np.asarray(figures) - reference).max())
