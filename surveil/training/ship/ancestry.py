"""Which models a training went on from: what they cost, and what was remarked of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from surveil.errors import ModelError
from surveil.models import find_model
from surveil.models.files import FACTS, METRICS
from surveil.training.records.metrics_file import Ancestor, Budget
from surveil.training.records.model_record import ModelRecord, read_record


def ancestors_of(
    start_from: str | None, started_from: str | None, folders: Sequence[Path], models: Path
) -> tuple[Ancestor, ...]:
    """Return the models that a run went on from, the first one first.

    Args:
        start_from: Name or folder of the model that the run began with, as configured.
        started_from: ``name@hash`` of it, as its checkpoint says; older ones do not.
        folders: Of models that an earlier export of the run may have written. Such a model may
            have replaced the one that the run began with, and knows what is asked here.
        models: Folder of models that names are looked for in first.

    Raises:
        DataError: A file of the model is damaged.
    """
    if start_from is None:
        return ()
    if started_from is None:
        return (Ancestor(model=start_from),)
    for record in map(_record, (_found(start_from, models), *folders)):
        if record is None:
            continue
        metrics = record.metrics
        if started_from == record.facts.versioned_name == metrics.model:
            itself = Ancestor(model=started_from, budget=metrics.budget, note=metrics.note)
            return (*(metrics.ancestors or _unnoted(record)), itself)
        if record.facts.training.get("started_from") == started_from and metrics.ancestors:
            return metrics.ancestors
    return (Ancestor(model=started_from),)


def with_ancestors(budget: Budget, ancestors: Sequence[Ancestor]) -> Budget:
    """Return a run's budget with that of the model it went on from, if that is known."""
    before = ancestors[-1].budget if ancestors else None
    if before is None:
        return budget
    return Budget(
        patience=budget.patience,
        epochs_spared=budget.epochs_spared + before.epochs_spared,
        epochs=budget.epochs + before.epochs,
        epochs_planned=budget.epochs_planned + before.epochs_planned,
        images=None
        if budget.images is None or before.images is None
        else budget.images + before.images,
        seconds=None
        if budget.seconds is None or before.seconds is None
        else round(budget.seconds + before.seconds, 1),
        hardware=budget.hardware,
    )


def _found(name: str, models: Path) -> Path | None:
    try:
        return find_model(name, [models])
    except ModelError:
        return None


def _record(folder: Path | None) -> ModelRecord | None:
    if folder is None or not all((folder / name).is_file() for name in (FACTS, METRICS)):
        return None
    return read_record(folder)


def _unnoted(record: ModelRecord) -> tuple[Ancestor, ...]:
    """Return what is known of the start of a model from before ancestors were noted."""
    training = record.facts.training
    name = training.get("started_from") or training.get("config", {}).get("start_from")
    return (Ancestor(model=str(name)),) if name else ()
