"""How a site's own faces would have a model's scores: a temperature, and thresholds to abstain by.

Pure functions. What they promise of faces that they were not fitted to is measured by folds: each
fifth of the people (or faces, where nobody knows who they are of) is judged by what the other four
gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.models.calibration import Calibration
from surveil.proportions import wilson_interval
from surveil.training.measure.metrics import (
    ClassIndices,
    calibration_error,
    chance_calibration_error,
    log_loss,
)
from surveil.training.measure.selective import PRECISIONS, rank, threshold_for
from surveil.training.measure.temperature import fit_temperature

FOLDS = 5
LEAST_FACES = 50
"""With fewer nothing is fitted."""
ENOUGH_FACES = 200
"""With fewer, which is said, the temperature is uncertain by a fifth or so."""
LEAST_OF_A_CLASS = 10
RESAMPLES = 100
"""Of the people, for the temperature's interval (Efron 1979)."""


@dataclass(frozen=True, slots=True)
class SiteThreshold:
    """A confidence from which on a share of answers was right.

    Attributes:
        precision: The share that was asked for.
        confidence: ``None`` where it is reached at none.
        coverage: Share of the faces that get an answer then.
        answered: Faces that did when the threshold was set by others of the site's.
        right: Share of those that was right, and its 95% interval.
    """

    precision: float
    confidence: float | None
    coverage: float
    answered: int
    right: float | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SiteCalibration:
    """What a site's faces say of a model's scores.

    Attributes:
        before: As the model has it.
        after: With the temperature that these faces ask for.
        interval: Of that temperature, 95%.
        faces: That it was fitted to.
        people: Among them by name; 0 where nobody is known.
        accuracy: Which no calibration changes.
        ece_before: Expected calibration error of the model as it is.
        ece_after: The same on faces that the temperature was not fitted to.
        ece_by_chance: What honest scores of so many faces show in one case of 20.
        log_loss_before: Likewise.
        log_loss_after: Likewise.
        thresholds: Of the scores as calibrated.
        remarks: Sentences on what there is too little of.
    """

    before: Calibration
    after: Calibration
    interval: tuple[float, float]
    faces: int
    people: int
    accuracy: float
    ece_before: float
    ece_after: float
    ece_by_chance: float
    log_loss_before: float
    log_loss_after: float
    thresholds: tuple[SiteThreshold, ...]
    remarks: tuple[str, ...]


def calibrate_site(
    logits: NDArray[np.float32],
    labels: ClassIndices,
    people: NDArray[np.str_],
    before: Calibration,
    classes: tuple[str, ...],
) -> SiteCalibration:
    """Return what a site's faces ask for.

    The smoothing that the model undoes belongs to its training and stays.

    Args:
        logits: Shape ``(N, K)``, of at least ``LEAST_FACES`` faces that it was not trained on.
        labels: Shape ``(N,)``.
        people: Who is seen, shape ``(N,)``; empty where unknown.
        before: The model's own calibration.
        classes: Names of the K.
    """
    units = _units(people)
    after = _fitted(logits, labels, before)
    unseen = np.empty_like(logits)
    limits = np.full((len(labels), len(PRECISIONS)), np.inf)
    for part in _folds(units):
        rest = ~part
        own = _fitted(logits[rest], labels[rest], before)
        unseen[part] = own.scores(logits[part])
        limits[part] = _limits(own.scores(logits[rest]), labels[rest])
    said = before.scores(logits)
    known = {name for name in people.tolist() if name}
    interval = _interval(logits, labels, units, before)
    return SiteCalibration(
        before, after, interval, len(labels), len(known),
        accuracy=float((logits.argmax(axis=1) == labels).mean()),
        ece_before=calibration_error(labels, said),
        ece_after=calibration_error(labels, unseen),
        ece_by_chance=chance_calibration_error(unseen)[1],
        log_loss_before=log_loss(labels, said),
        log_loss_after=log_loss(labels, unseen),
        thresholds=tuple(_thresholds(after.scores(logits), labels, unseen, limits)),
        remarks=tuple(_remarks(labels, classes, interval, people)),
    )  # fmt: skip


def _fitted(logits: NDArray[np.float32], labels: ClassIndices, before: Calibration) -> Calibration:
    return Calibration(fit_temperature(logits, labels, before.smoothing), before.smoothing)


def _units(people: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return what is kept together: a person's faces; a face of nobody known is a unit alone."""
    names = [name or f"\0{at}" for at, name in enumerate(people.tolist())]
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], np.int64)


def _folds(units: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    order = np.random.default_rng(0).permutation(int(units.max()) + 1)
    for fold in range(FOLDS):
        part = order[units] % FOLDS == fold
        if part.any() and not part.all():
            yield part


def _interval(
    logits: NDArray[np.float32],
    labels: ClassIndices,
    units: NDArray[np.int64],
    before: Calibration,
) -> tuple[float, float]:
    random = np.random.default_rng(0)
    count = int(units.max()) + 1
    places = [np.flatnonzero(units == unit) for unit in range(count)]
    found = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([places[unit] for unit in random.integers(0, count, count)])
        found.append(fit_temperature(logits[drawn], labels[drawn], before.smoothing))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def _limits(scores: NDArray[np.float32], labels: ClassIndices) -> NDArray[np.float64]:
    ranked = rank(scores.max(axis=1), scores.argmax(axis=1) == labels)
    found = [threshold_for(ranked, precision) for precision in PRECISIONS]
    return np.array([limit[0] if limit else np.inf for limit in found])


def _thresholds(
    scores: NDArray[np.float32],
    labels: ClassIndices,
    unseen: NDArray[np.float32],
    limits: NDArray[np.float64],
) -> Iterator[SiteThreshold]:
    ranked = rank(scores.max(axis=1), scores.argmax(axis=1) == labels)
    right = unseen.argmax(axis=1) == labels
    for at, precision in enumerate(PRECISIONS):
        limit = threshold_for(ranked, precision)
        answers = unseen.max(axis=1) >= limits[:, at]
        count, hits = int(answers.sum()), int((right & answers).sum())
        yield SiteThreshold(
            precision,
            limit[0] if limit else None,
            limit[1] if limit else 0.0,
            count,
            hits / count if count else None,
            wilson_interval(hits, count),
        )


def _remarks(
    labels: ClassIndices,
    classes: tuple[str, ...],
    interval: tuple[float, float],
    people: NDArray[np.str_],
) -> Iterator[str]:
    if len(labels) < ENOUGH_FACES:
        yield (
            f"{len(labels)} faces are few: the temperature may be anything from {interval[0]:.2f} "
            f"to {interval[1]:.2f}; label {ENOUGH_FACES} or more"
        )
    counts = np.bincount(labels, minlength=len(classes))
    rare = [
        f"{name} ({count})"
        for name, count in zip(classes, counts.tolist(), strict=True)
        if count < LEAST_OF_A_CLASS
    ]
    if rare:
        yield f"too few faces to say anything of {', '.join(rare)}"
    if not all(people.tolist()):
        yield "who is seen is not known of all faces: one person's may be on both sides of a fold"
