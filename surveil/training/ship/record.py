"""Write what was measured of a model into the model's own folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from surveil.classify.networks import StoredModel
from surveil.models.files import EXPERIMENTS, METRICS
from surveil.training.measure.sizes import sizes_of
from surveil.training.measure.study import Study
from surveil.training.records.experiments import update_experiment
from surveil.training.records.figures import Speed
from surveil.training.records.metrics_file import FORMAT, MetricsFile
from surveil.training.records.model_record import read_record
from surveil.training.records.writing import write_figures


def record_study(
    model: StoredModel,
    study: Study,
    speed: Sequence[Speed],
    memory_bytes: int | None,
    hardware: str,
    *,
    full_epochs: int | None = None,
) -> Path:
    """Put a study of the test split into ``metrics.json`` and make ``card.md`` again.

    What training wrote (protocol, budget, history) stays; a file of an older format becomes one of
    the present. Sets that were not studied now are dropped, as they are of other data. A model's
    line in ``EXPERIMENTS.md`` beside its folder is made again too.

    Args:
        model: As read from its folder.
        study: Of the full extent, unless nothing of that extent was recorded yet.
        speed: Times, none where they were not measured.
        memory_bytes: Likewise.
        hardware: Name of the GPU, or number of CPU threads, that they were measured on.
        full_epochs: Of the configuration, for models from before budgets knew of it.

    Returns:
        The file of figures.

    Raises:
        DataError: The model has no sound ``metrics.json``.
        CheckpointError: A file cannot be written.
    """
    path = model.folder / METRICS
    before = read_record(model.folder).metrics
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    content |= {
        "format": FORMAT,
        "model": model.facts.versioned_name,
        "taxonomy": model.facts.taxonomy.name,
        "temperature": model.facts.temperature,
        "smoothing": model.facts.smoothing,
        "budget": _budget(before, full_epochs),
        "test": {name: found.as_json() for name, found in study.sets.items()},
    }
    if speed:
        content |= {
            "speed": [row.model_dump() for row in speed],
            "memory_bytes": memory_bytes,
            "measured_on": hardware,
        }
    content |= asdict(sizes_of(model))
    update_experiment(model.folder.parent / EXPERIMENTS, write_figures(model.folder, content))
    return path


def has_full_figures(folder: Path) -> bool:
    """Return whether a model's ``metrics.json`` holds what only a full study measures.

    Raises:
        DataError: It is not sound.
    """
    sets = read_record(folder).metrics.test.values()
    return any(found.ten_crop or found.robustness or found.strata for found in sets)


def _budget(metrics: MetricsFile, full_epochs: int | None) -> dict[str, Any] | None:
    budget = metrics.budget
    if budget is not None and full_epochs is not None and not metrics.ancestors:
        budget = budget.model_copy(update={"epochs_planned": full_epochs})
    return budget.model_dump() if budget else None
