"""The shape of ``metrics.json``: a model's figures as written once and read by many.

Shares are 0..1. Keys that are not listed here are ignored and a key that may be absent is ``None``
or empty then, so that keys can be added; a file of a newer ``format`` is refused. Nothing here
imports torch.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from surveil.training.records.figures import Count, Part, Positive, SetFigures, Share, Speed

FORMAT = 2
"""Version of the file's shape that is written; 1 had fewer figures and no budget."""


class Budget(Part):
    """What a training cost, that of the models which it went on from included.

    Attributes:
        epochs: Done.
        epochs_planned: Of the full budget; more than ``epochs`` where a run was cut short or
            configured for fewer.
        images: Training faces shown, over all epochs.
        seconds: Spent in epochs, validation included.
        hardware: Number of CPU threads or name of the GPU; nothing that tells which machine.
        patience: The run stopped after so many epochs without a better one; ``None`` where it did
            not stop by itself.
        epochs_spared: Of ``epochs_planned``, by stopping so.
    """

    epochs: Count
    epochs_planned: Count
    images: Count | None = None
    seconds: Positive | None = None
    hardware: str | None = None
    patience: Count | None = None
    epochs_spared: Count = 0

    @property
    def is_reduced(self) -> bool:
        """Whether fewer epochs were done than planned, though more might have helped."""
        return self.epochs + self.epochs_spared < self.epochs_planned


class Ancestor(Part):
    """A model whose weights training went on from.

    Attributes:
        model: ``name@hash``; the name alone where nobody noted which weights these were.
        budget: As its own ``metrics.json`` has it; ``None`` where that is not known, and then it
            is in no sum either.
        note: Its remark.
    """

    model: str
    budget: Budget | None = None
    note: str = ""


class Epoch(Part):
    """One epoch of the training.

    Attributes:
        epoch: 1, 2, 3…
        loss: Of the training faces, as they were changed for it.
        validation_accuracy: Of the faces of the validation split.
        validation_log_loss: Of the same, in nats.
    """

    epoch: Count
    loss: float | None = None
    validation_accuracy: Share | None = None
    validation_log_loss: Positive | None = None


class Int8Figures(Part):
    """What a set of faces says of the network in 8 bits, as CPUs run it.

    Attributes:
        faces: In the set.
        accuracy: In 8 bits, 0..1.
        accuracy_float32: Of the same engine in full precision.
        same: Share of the faces that both give the same class.
    """

    faces: Count
    accuracy: Share
    accuracy_float32: Share
    same: Share


class MetricsFile(Part):
    """The content of ``metrics.json``.

    Attributes:
        smoothing: Of the labels in training, as far as it is undone in the scores.
        parameters: Learned numbers.
        statistics: Batch-norm means and variances, which some makers count as parameters too.
        protocol: How epoch, calibration and figures came about, for people.
        ancestors: The models that training went on from, the first one first.
        makers_figure: What those who designed the network report, by a protocol of their own.
        speed: Of ``surveil evaluate``, as is the memory.
        measured_on: Name of the GPU or number of CPU threads that times were measured on.
        int8: By test set, of the network in 8 bits; empty where the model has none.
        history: Epoch by epoch; empty where nobody kept it.
    """

    format: Annotated[int, Field(ge=1, le=FORMAT)] = 1
    model: str
    taxonomy: str | None = None
    temperature: Annotated[float, Field(gt=0)]
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    parameters: Count | None = None
    statistics: Count | None = None
    weights_bytes: Count | None = None
    protocol: str = ""
    note: str = ""
    budget: Budget | None = None
    ancestors: tuple[Ancestor, ...] = ()
    makers_figure: str | None = None
    test: Annotated[dict[str, SetFigures], Field(min_length=1)]
    speed: tuple[Speed, ...] = ()
    memory_bytes: Count | None = None
    measured_on: str | None = None
    int8: dict[str, Int8Figures] = Field(default_factory=dict)
    history: tuple[Epoch, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, content: Any) -> Any:
        """Bring the sets of format 1, which listed the figures as ``classes``, into shape."""
        sets = content.get("test") if isinstance(content, dict) else None
        if not isinstance(sets, dict):
            return content
        return content | {"test": {name: _lift_set(figures) for name, figures in sets.items()}}


def _lift_set(figures: Any) -> Any:
    rows = figures.get("classes") if isinstance(figures, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return figures
    names = [row.get("emotion") for row in rows]
    return figures | {"classes": names, "per_class": rows}
