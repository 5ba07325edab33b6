"""Evaluate a stored model on labelled faces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveil.classify import StoredModel, softmax
from surveil.domain import EMOTIONS
from surveil.training.faces import Faces, Split
from surveil.training.fer2013 import SOURCE, unrepeated
from surveil.training.loop import logits_of
from surveil.training.metrics import (
    ClassFigures,
    calibration_error,
    class_figures,
    confusion,
    log_loss,
    macro,
    wilson_interval,
)

NAMES = tuple(emotion.value for emotion in EMOTIONS)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's figures on one set of faces; shares are 0..1.

    Attributes:
        faces: How many.
        accuracy: Share classified as labelled.
        interval: Its 95% Wilson interval.
        balanced_accuracy: Mean recall of the classes that occur.
        macro_f1: Mean F1 of the classes that occur.
        log_loss: In nats, with the model's temperature.
        ece: Expected calibration error over 15 bins, with the model's temperature.
        ece_unscaled: The same without.
        classes: Per class.
        confusion: Counts; rows are the labels, columns what the model said.
    """

    faces: int
    accuracy: float
    interval: tuple[float, float]
    balanced_accuracy: float
    macro_f1: float
    log_loss: float
    ece: float
    ece_unscaled: float
    classes: list[ClassFigures]
    confusion: list[list[int]]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, rounded to five digits."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def evaluate_scores(
    labels: NDArray[np.int64], logits: NDArray[np.float32], temperature: float
) -> Evaluation:
    """Return the figures of logits ``(N, 7)`` against labels ``(N,)``."""
    scaled, plain = softmax(logits, temperature), softmax(logits)
    given = scaled.argmax(axis=1).astype(np.int64)
    matrix = confusion(labels, given, len(NAMES))
    figures = class_figures(matrix, NAMES)
    hits = int((given == labels).sum())
    balanced_accuracy, macro_f1 = macro(figures)
    return Evaluation(
        faces=len(labels),
        accuracy=hits / max(len(labels), 1),
        interval=wilson_interval(hits, len(labels)),
        balanced_accuracy=balanced_accuracy,
        macro_f1=macro_f1,
        log_loss=log_loss(labels, scaled),
        ece=calibration_error(labels, scaled),
        ece_unscaled=calibration_error(labels, plain),
        classes=figures,
        confusion=matrix.tolist(),
    )


def evaluate(model: StoredModel, faces: Faces) -> Evaluation:
    """Return a model's figures on faces, run in float32 by PyTorch, the reference engine."""
    logits = logits_of(model.network, faces.frames, model.facts.preprocessing).numpy()
    return evaluate_scores(faces.labels, logits, model.facts.temperature)


def evaluate_split(
    model: StoredModel, faces: Faces, split: Split, repeated: frozenset[str]
) -> dict[str, Evaluation]:
    """Return a model's figures on each source of a split, by the source's name.

    For FER2013's test split (PublicTest) the official figure over all rows is joined by
    ``fer2013 without duplicates``, over the pictures that occur once and are not ``repeated``
    from the training rows, where they were dropped. It compares with others' figures.
    """
    chosen = faces.only(split)
    results: dict[str, Evaluation] = {}
    for source in dict.fromkeys(chosen.sources.tolist()):
        part = chosen.where(chosen.sources == source)
        results[source] = evaluate(model, part)
        if source == SOURCE and split is Split.TEST:
            alone = part.where(unrepeated(part, repeated))
            results[f"{source} without duplicates"] = evaluate(model, alone)
    return results


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
