"""The shape of ``metrics.json``: a model's figures as written once and read by many.

Shares are 0..1. Keys that are not listed here are ignored and a key that may be absent is ``None``
or empty then, so that keys can be added; a file of a newer ``format`` is refused. Nothing here
imports torch.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT = 2
"""Version of the file's shape that is written; 1 had fewer figures and no budget."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(ge=0)]
Interval = tuple[Share, Share]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ClassRow(_Part):
    """One class of a set; ``specificity`` is unknown in files of format 1."""

    emotion: str
    precision: Share
    recall: Share
    specificity: Share | None = None
    f1: Share
    support: Count


class Hits(_Part):
    """An accuracy with its 95% interval; ``faces`` may be left out where it is the set's own."""

    faces: Count | None = None
    accuracy: Share
    interval: Interval


class Restricted(Hits):
    """Figures on the faces of fewer classes, among which alone the model then chooses."""

    macro_f1: Share | None = None


class Condition(Hits):
    """Accuracy after every face was spoilt in one way."""

    condition: str


class Stratum(Hits):
    """Accuracy on a part of the faces, such as the darkest third."""

    by: str
    stratum: str


class Bin(_Part):
    """One bar of a reliability diagram; an empty one has neither confidence nor accuracy."""

    low: Share
    high: Share
    faces: Count
    confidence: Share | None = None
    accuracy: Share | None = None


class Reliability(_Part):
    """Bins with the model's temperature and without."""

    scaled: tuple[Bin, ...] = ()
    unscaled: tuple[Bin, ...] = ()


class Threshold(_Part):
    """The least confidence at which a wanted precision holds, and the share of faces above it.

    ``coverage`` is 0 where none reaches it; ``precision_reached`` is unknown in older files.
    """

    precision: Share
    threshold: Share | None = None
    coverage: Share = 0.0
    reached: bool = True
    precision_reached: Share | None = None


class RiskCoverage(_Part):
    """Accuracy on the surest share of the faces; the curve holds ``(coverage, accuracy)``."""

    curve: tuple[tuple[Share, Share], ...] = ()
    thresholds: tuple[Threshold, ...] = ()


class SetFigures(_Part):
    """All figures on one test set; ``confusion`` counts, rows are the labels."""

    faces: Count
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    accuracy: Share
    interval: Interval
    balanced_accuracy: Share | None = None
    macro_f1: Share | None = None
    top2: Share | None = None
    log_loss: Positive | None = None
    log_loss_unscaled: Positive | None = None
    brier: Positive | None = None
    brier_unscaled: Positive | None = None
    ece: Share | None = None
    ece_unscaled: Share | None = None
    ece_by_chance: Share | None = None
    ece_by_chance_p95: Share | None = None
    per_class: tuple[ClassRow, ...] = ()
    confusion: tuple[tuple[Count, ...], ...] = ()
    reliability: Reliability | None = None
    risk_coverage: RiskCoverage | None = None
    ten_crop: Hits | None = None
    ferplus: Hits | None = None
    restricted: dict[str, Restricted] = {}
    robustness: tuple[Condition, ...] = ()
    strata: tuple[Stratum, ...] = ()

    @model_validator(mode="after")
    def _sizes_agree(self) -> SetFigures:
        k = len(self.classes)
        rows = [len(row) for row in self.confusion]
        if rows and rows != [k] * k:
            raise ValueError(f"confusion is not {k} rows of {k} counts, as there are classes")
        if self.per_class and tuple(row.emotion for row in self.per_class) != self.classes:
            raise ValueError("per_class lists other emotions than classes")
        return self

    @property
    def specificity(self) -> float | None:
        """Mean specificity of the classes that occur, ``None`` where it was not measured."""
        there = [row.specificity for row in self.per_class if row.support]
        known = [value for value in there if value is not None]
        return sum(known) / len(known) if known and len(known) == len(there) else None

    def at_precision(self, precision: float) -> Threshold | None:
        """Return the threshold for a precision, ``None`` where it was not measured."""
        thresholds = self.risk_coverage.thresholds if self.risk_coverage else ()
        return next((t for t in thresholds if abs(t.precision - precision) < 1e-9), None)


class Speed(_Part):
    """Time for one face in batches of ``batch``, on the machine that measured.

    ``device`` is ``cpu`` or ``cuda:N``; ``None`` in older files.
    """

    engine: str
    device: str | None = None
    threads: Count | None = None
    batch: Annotated[int, Field(ge=1)]
    p50_ms: Positive
    p95_ms: Positive


class Budget(_Part):
    """What a training cost, that of the models which it went on from included.

    Attributes:
        epochs: Done.
        epochs_planned: Of the full budget; more than ``epochs`` where a run was cut short or
            configured for fewer.
        images: Training faces shown, over all epochs.
        seconds: Spent in epochs, validation included.
        hardware: Number of CPU threads or name of the GPU; nothing that tells which machine.
    """

    epochs: Count
    epochs_planned: Count
    images: Count | None = None
    seconds: Positive | None = None
    hardware: str | None = None

    @property
    def is_reduced(self) -> bool:
        """Whether fewer epochs were done than planned."""
        return self.epochs < self.epochs_planned


class Ancestor(_Part):
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


class MetricsFile(_Part):
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
