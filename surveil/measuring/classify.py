"""How long it takes to classify a face, by precision and batch, on one thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveil.classify import Classifier
from surveil.measuring.laps import Lap, alternate, lap, middle
from surveil.measuring.pictures import use_one_thread
from surveil.measuring.report import Figure, Report
from surveil.models import Precision, find_model, read_facts

CROP_PX = 96
FACES = 64
"""Faces of a round, whatever the batch."""

FIGURES = (
    Figure("precision", "numbers"),
    Figure("batch", "batch", 0),
    Figure("cpu_ms", "ms/face", 2),
    Figure("wall_ms", "ms by the clock", 2),
)
NOTES = (
    f"From crops of {CROP_PX} px to calibrated scores, one thread, medians of alternating rounds. "
    "The model's card has what 8 bits cost in accuracy.",
)


def measure_classify(model: str, batches: Sequence[int], rounds: int) -> Report:
    """Classify made-up crops in batches; a model without 8 bits is measured in float32 alone.

    Raises:
        ModelError: The model is missing or damaged.
    """
    use_one_thread()
    folder = find_model(model)
    precisions = [Precision.FLOAT32]
    if read_facts(folder).int8_sha256 is not None:
        precisions.append(Precision.INT8)
    classifiers = {
        precision: Classifier.load(folder, threads=1, precision=precision)
        for precision in precisions
    }
    random = np.random.default_rng(0)
    crops = list(random.integers(0, 256, (FACES, CROP_PX, CROP_PX, 3), dtype=np.uint8))
    ways = {
        (precision, batch): partial(_run, classifier, crops, batch)
        for precision, classifier in classifiers.items()
        for batch in batches
    }
    for run in ways.values():
        run()  # prepares for the shape
    named = {f"{precision} {batch}": run for (precision, batch), run in ways.items()}
    laps = alternate(named, rounds)
    rows: list[dict[str, Any]] = []
    for (precision, batch), found in zip(ways, laps.values(), strict=True):
        one = middle(found)
        rows.append(
            {
                "precision": precision.value,
                "batch": batch,
                "cpu_ms": one.cpu_us / 1000,
                "wall_ms": 1000 / one.per_s,
            }
        )
    name = classifiers[Precision.FLOAT32].name
    return Report("classify", {"model": name, "rounds": rounds, "threads": 1}, FIGURES, rows, NOTES)


def _run(classifier: Classifier, crops: Sequence[NDArray[np.uint8]], batch: int) -> Lap:
    with lap(len(crops)) as result:
        for start in range(0, len(crops), batch):
            classifier.classify(crops[start : start + batch])
    return result
