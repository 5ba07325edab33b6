"""Evaluate a stored model on labelled faces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.classify.networks import StoredModel
from surveil.domain import EMOTIONS
from surveil.models.calibration import Calibration
from surveil.models.taxonomy import Taxonomy, restrict, taxonomies
from surveil.proportions import wilson_interval
from surveil.training.data.fer2013 import SOURCE
from surveil.training.faces import NO_MAJORITY, Faces, Split
from surveil.training.logits import logits_of
from surveil.training.measure.metrics import (
    ClassIndices,
    Scores,
    brier_score,
    calibration_error,
    chance_calibration_error,
    class_figures,
    confusion,
    log_loss,
    macro,
    reliability,
    top_accuracy,
)
from surveil.training.measure.selective import Ranked, rank, risk_coverage
from surveil.training.records.figures import Hits, Reliability, Restricted, SetFigures


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A set of faces to report on.

    Attributes:
        source: Where they come from.
        at: Which of the split's faces, indices.
    """

    source: str
    at: NDArray[np.intp]


def evaluate_logits(
    labels: ClassIndices,
    logits: NDArray[np.float32],
    taxonomy: Taxonomy,
    calibration: Calibration,
    *,
    agreed: ClassIndices | None = None,
    validation: Ranked | None = None,
) -> SetFigures:
    """Return the figures of a model's logits.

    Args:
        labels: Indices into the taxonomy's classes, shape ``(N,)``.
        logits: Shape ``(N, K)``.
        taxonomy: What the K columns are.
        calibration: The model's.
        agreed: What more than half of each face's annotators name, shape ``(N,)``; see
            :class:`~surveil.training.faces.Faces`.
        validation: The validation split, to see what thresholds set on it do here.
    """
    names = tuple(emotion.value for emotion in taxonomy.classes)
    scaled, plain_scores = calibration.scores(logits), Calibration().scores(logits)
    given = scaled.argmax(axis=1).astype(np.int64)
    right = given == labels
    matrix = confusion(labels, given, len(names))
    figures = class_figures(matrix, names)
    balanced_accuracy, macro_f1 = macro(figures)
    hits = hits_of(right)
    by_chance, by_chance_p95 = chance_calibration_error(scaled)
    return SetFigures(
        faces=len(right),
        classes=names,
        accuracy=hits.accuracy,
        interval=hits.interval,
        balanced_accuracy=balanced_accuracy,
        macro_f1=macro_f1,
        top2=top_accuracy(labels, scaled, 2),
        log_loss=log_loss(labels, scaled),
        log_loss_unscaled=log_loss(labels, plain_scores),
        brier=brier_score(labels, scaled),
        brier_unscaled=brier_score(labels, plain_scores),
        ece=calibration_error(labels, scaled),
        ece_unscaled=calibration_error(labels, plain_scores),
        ece_by_chance=by_chance,
        ece_by_chance_p95=by_chance_p95,
        per_class=tuple(figures),
        confusion=tuple(tuple(row) for row in matrix.tolist()),
        reliability=Reliability(
            scaled=tuple(reliability(labels, scaled)),
            unscaled=tuple(reliability(labels, plain_scores)),
        ),
        risk_coverage=risk_coverage(rank(scaled.max(axis=1, initial=0.0), right), validation),
        ferplus=_ferplus(scaled, taxonomy, agreed) if agreed is not None else None,
        restricted=_restricted(labels, scaled, taxonomy),
    )


def hits_of(right: NDArray[np.bool_]) -> Hits:
    """Return the share of faces classified rightly, ``right`` has shape ``(N,)``."""
    hits, faces = int(right.sum()), len(right)
    return Hits(faces=faces, accuracy=hits / max(faces, 1), interval=wilson_interval(hits, faces))


def known_faces(model: StoredModel, faces: Faces) -> tuple[Faces, ClassIndices]:
    """Return the faces whose label a model knows, and their labels as indices of its classes."""
    labels = model.facts.taxonomy.labels_of(faces.labels)
    return faces.where(labels >= 0), labels[labels >= 0]


def parts_of(faces: Faces, split: Split | None) -> Iterator[tuple[str, Part]]:
    """Yield the sets that a split's faces are reported in, by name: one for each source.

    For FER2013's test split (PublicTest) the official set of all rows is joined by
    ``fer2013 without duplicates``: the pictures that occur once among the test rows and not among
    the training rows, where they were dropped. The former compares with others' figures.
    """
    for source in dict.fromkeys(faces.sources.tolist()):
        at = np.flatnonzero(faces.sources == source)
        yield source, Part(source, at)
        if source == SOURCE and split is Split.TEST:
            yield f"{source} without duplicates", Part(source, at[~faces.repeated[at]])


def evaluate_split(model: StoredModel, faces: Faces, split: Split) -> dict[str, SetFigures]:
    """Return a model's figures on the sets of a split, by the set's name; see :func:`parts_of`.

    The network is run in float32 by PyTorch, the reference engine. Faces whose label the model
    does not know are left out.
    """
    chosen, labels = known_faces(model, faces.only(split))
    logits = logits_of(model.network, chosen.frames, model.facts.preprocessing).numpy()
    return {
        name: evaluate_logits(
            labels[part.at],
            logits[part.at],
            model.facts.taxonomy,
            model.facts.calibration,
            agreed=chosen.agreed[part.at],
        )
        for name, part in parts_of(chosen, split)
    }


def all_scores(scores: Scores, taxonomy: Taxonomy) -> Scores:
    """Return scores ``(N, K)`` as ``(N, 7)`` in the order of ``EMOTIONS``; what is unknown is 0."""
    wide = np.zeros((len(scores), len(EMOTIONS)), np.float32)
    wide[:, taxonomy.indices] = scores
    return wide


def _ferplus(scores: Scores, taxonomy: Taxonomy, agreed: ClassIndices) -> Hits | None:
    """Return accuracy against the majority of FER+ votes (Barsoum et al. 2016), if there are any.

    Images count on which more than half of all votes, those for contempt, unknown and no face
    included, agree on an emotion that the model knows.
    """
    clear = agreed != NO_MAJORITY
    known = taxonomy.labels_of(agreed[clear])
    right = scores[clear].argmax(axis=1) == known
    return hits_of(right[known >= 0]) if (known >= 0).any() else None


def _restricted(labels: ClassIndices, scores: Scores, known: Taxonomy) -> dict[str, Restricted]:
    emotions = known.indices[labels] if len(labels) else labels
    found = {}
    for taxonomy in taxonomies().values():
        if not set(taxonomy.classes) < set(known.classes):
            continue
        inner = taxonomy.labels_of(emotions)
        there = inner >= 0
        if not there.any():
            continue
        chosen, truth = restrict(all_scores(scores[there], known), taxonomy), inner[there]
        given = chosen.argmax(axis=1).astype(np.int64)
        hits = hits_of(given == truth)
        names = tuple(emotion.value for emotion in taxonomy.classes)
        macro_f1 = macro(class_figures(confusion(truth, given, len(names)), names))[1]
        found[taxonomy.name] = Restricted(
            **hits.model_dump(), macro_f1=macro_f1, ece=calibration_error(truth, chosen)
        )
    return found
