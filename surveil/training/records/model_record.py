"""What a model's folder says of it: ``model.json`` and ``metrics.json``, read without weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from surveil.errors import ModelError
from surveil.models.facts import ModelFacts, first_fault, read_facts
from surveil.models.files import FACTS, METRICS, WEIGHTS, read_bounded
from surveil.models.finding import models_in
from surveil.training.errors import DataError
from surveil.training.records.metrics_file import FORMAT, Budget, MetricsFile

MAX_BYTES = 16 << 20
"""A larger ``metrics.json`` is not one of ours."""


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One model with all its figures.

    Attributes:
        facts: From ``model.json``.
        metrics: From ``metrics.json``.
        remarks: What a reader must know of how far these files go; empty where nothing.
    """

    facts: ModelFacts
    metrics: MetricsFile
    remarks: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        return self.facts.classes


def find_records(folders: list[Path]) -> tuple[list[ModelRecord], list[str]]:
    """Read the models in folders, each of which is a model or holds models one level below.

    Args:
        folders: A model given twice is read once.

    Returns:
        The models, those of one parent folder by name; and a remark for each folder of a model
        that has no figures and was not named itself.

    Raises:
        DataError: A folder holds no model, or figures that are damaged; the message names it.
        ModelError: The facts of a model are damaged.
    """
    found: dict[Path, Path] = {}
    skipped = []
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder of a model or of models")
        if (folder / FACTS).is_file():
            found[folder.resolve()] = folder
            continue
        below = models_in(folder)
        if not below:
            raise DataError(f"{folder}: neither {FACTS} nor a folder with one is in it")
        for model in below:
            if (model / METRICS).is_file():
                found[model.resolve()] = model
            else:
                skipped.append(
                    f"{model.name} is left out: it has no {METRICS}; "
                    "`surveil train --export-only` writes it"
                )
    if not found:
        raise DataError(f"{folders[0]}: no model in it has a {METRICS}")
    return [read_record(folder) for folder in found.values()], skipped


def read_record(folder: Path) -> ModelRecord:
    """Read a model's facts and figures.

    Raises:
        DataError: The figures are missing or damaged; the message names file and key.
        ModelError: So are the facts.
    """
    facts = read_facts(folder)
    metrics = _read_metrics(folder / METRICS)
    return record_of(facts, metrics, _weights_bytes(folder))


def record_of(
    facts: ModelFacts, metrics: MetricsFile, weights_bytes: int | None = None
) -> ModelRecord:
    """Put facts and figures together and say what is missing or does not fit.

    Args:
        weights_bytes: Size of the weights' file, where it is there and the figures do not say.
    """
    remarks = []
    if metrics.format < FORMAT:
        remarks.append(
            f"its {METRICS} is of format {metrics.format}, with fewer figures; "
            "`surveil train --export-only` writes all"
        )
        changes: dict[str, Any] = {}
        if metrics.budget is None:
            changes["budget"] = _budget_of(facts.training)
        if metrics.weights_bytes is None:
            changes["weights_bytes"] = weights_bytes
        metrics = metrics.model_copy(update=changes)
    if metrics.model != facts.versioned_name:
        remarks.append(f"its {METRICS} is of other weights, {metrics.model}")
    return ModelRecord(facts, metrics, tuple(remarks))


def _budget_of(training: dict[str, Any]) -> Budget | None:
    done, planned = training.get("epochs_done"), training.get("epochs")
    if not isinstance(done, int) or not isinstance(planned, int):
        return None
    return Budget(epochs=done, epochs_planned=planned)


def _weights_bytes(folder: Path) -> int | None:
    path = folder / WEIGHTS
    return path.stat().st_size if path.is_file() else None


def _read_metrics(path: Path) -> MetricsFile:
    try:
        data = read_bounded(path, MAX_BYTES)
    except ModelError as error:
        raise DataError(str(error)) from error
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds no object of keys and values")
    newest = content.get("format")
    if isinstance(newest, int) and newest > FORMAT:
        raise DataError(
            f"{path}: format: is {newest}, this surveil reads up to {FORMAT}: use a newer one"
        )
    try:
        return MetricsFile.model_validate(content)
    except ValidationError as error:
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise DataError(f"{path}: {first_fault(error)}{more}") from error
