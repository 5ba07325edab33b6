"""A model's figures on a set of faces, and its times: measured, written, read and shown alike.

:mod:`surveil.training.measure` computes them, ``metrics.json`` keeps them rounded to five digits,
and cards, pages and tables show them. Shares are 0..1. A figure that a file of an older format does
not have is ``None`` or empty. What ends in ``_unscaled`` is of the plain softmax; all else is with
the model's calibration.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(ge=0)]
Interval = tuple[Share, Share]


class Part(BaseModel):
    """Base of all parts: frozen, finite, and open to keys that a newer file has."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ClassRow(Part):
    """One class against all others.

    Attributes:
        emotion: Its name.
        precision: Of the faces given this class, the share that has it; 0 where none was given it.
        recall: Of the faces of this class, the share that was given it (sensitivity); 0 where the
            class never occurs.
        specificity: Of the faces of other classes, the share that was not given it; 0 where there
            are none.
        f1: Harmonic mean of precision and recall; 0 where both are.
        support: Faces of this class.
    """

    emotion: str
    precision: Share
    recall: Share
    specificity: Share | None = None
    f1: Share
    support: Count


class Hits(Part):
    """A share classified rightly, with its 95% interval.

    ``faces`` may be left out by a file where it is the set's own.
    """

    faces: Count | None = None
    accuracy: Share
    interval: Interval


class Restricted(Hits):
    """Figures on the faces of fewer classes, among which alone the model then chooses."""

    macro_f1: Share | None = None
    ece: Share | None = None


class Spoilt(Hits):
    """Accuracy after every face was spoilt in one way."""

    condition: str


class Stratum(Hits):
    """Accuracy on a part of the faces, such as the darkest third; the interval is a bootstrap's.

    Attributes:
        by: What the faces are divided by.
        stratum: Which part.
    """

    by: str
    stratum: str


class Bin(Part):
    """The faces whose top score is in ``(low, high]``; an empty bin has neither mean."""

    low: Share
    high: Share
    faces: Count
    confidence: Share | None = None
    accuracy: Share | None = None


class Reliability(Part):
    """Bins of confidence with the model's calibration and without."""

    scaled: tuple[Bin, ...] = ()
    unscaled: tuple[Bin, ...] = ()


class Answered(Part):
    """What a threshold does on a set of faces.

    Attributes:
        threshold: Faces whose top score is at least this get an answer.
        coverage: Their share of all faces.
        precision: The share of them that is right; ``None`` where none got an answer.
        interval: Its 95% Wilson interval.
        faces: How many get an answer; unknown in older files.
    """

    threshold: Share
    coverage: Share
    precision: Share | None = None
    interval: Interval
    faces: Count | None = None


class Threshold(Part):
    """The least threshold that reaches a precision.

    Attributes:
        precision: Wanted.
        threshold: Chosen on the very faces it is reported on; ``None`` where none reaches it.
        coverage: Share of faces at or above it; 0 where none reaches it.
        reached: Whether one does.
        on_validation: What the threshold chosen on the validation split does on these faces, which
            is what can be expected of one that is set in advance.
        precision_reached: The share of them that is right, at least ``precision``; ``None`` where
            none reaches it.
        faces: How many there are of them; unknown in older files, as is the interval.
        interval: The 95% Wilson interval of ``precision_reached``.
    """

    precision: Share
    threshold: Share | None = None
    coverage: Share = 0.0
    reached: bool = True
    on_validation: Answered | None = None
    precision_reached: Share | None = None
    faces: Count | None = None
    interval: Interval | None = None


class RiskCoverage(Part):
    """Accuracy if the model may abstain: on the surest share of the faces.

    ``curve`` holds ``(coverage, accuracy)`` from the surest faces to all of them.
    """

    curve: tuple[tuple[Share, Share], ...] = ()
    thresholds: tuple[Threshold, ...] = ()


class SetFigures(Part):
    """All figures on one set of faces.

    Attributes:
        faces: How many.
        classes: The model's, in order.
        accuracy: Share classified as labelled.
        interval: Its 95% Wilson interval.
        balanced_accuracy: Mean recall of the classes that occur.
        macro_f1: Mean F1 of the classes that occur.
        top2: Share whose class is among the two highest scores.
        log_loss: In nats.
        brier: Mean squared distance of the scores from the truth, 0..2.
        ece: Expected calibration error over 15 bins.
        ece_by_chance: What honest scores would show on so many faces by chance, on average.
        ece_by_chance_p95: The 95th percentile of it: more speaks against honest scores.
        per_class: One by one.
        confusion: Counts; rows are the labels, columns what the model said.
        reliability: The bins of ``ece``.
        risk_coverage: Accuracy if the model may abstain.
        ferplus: Against the emotion that more than half of all FER+ votes name.
        restricted: By taxonomy of fewer classes.
        ten_crop: With the mean of ten views.
        robustness: With every face spoilt.
        strata: On parts of the faces.
    """

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
    robustness: tuple[Spoilt, ...] = ()
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

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Those of ``risk_coverage``; none where it was not measured."""
        return self.risk_coverage.thresholds if self.risk_coverage else ()

    def at_precision(self, precision: float) -> Threshold | None:
        """Return the threshold for a precision, ``None`` where it was not measured."""
        return next((t for t in self.thresholds if abs(t.precision - precision) < 1e-9), None)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values of five digits; those not measured are left out."""
        content: dict[str, Any] = plain(self.model_dump())
        return {key: value for key, value in content.items() if value not in (None, {}, [])}


class Speed(Part):
    """Milliseconds for one face in batches of ``batch``: median and 95th percentile.

    ``threads`` are the process's; a GPU's time does not hang on them. ``device`` is ``cpu`` or
    ``cuda:N``; ``None`` in older files. ``cpu_ms`` is the median of processor time, all threads
    together, which other work on the machine hardly changes; ``None`` on a GPU and in older files.
    """

    engine: str
    device: str | None = None
    threads: Count | None = None
    batch: Annotated[int, Field(ge=1)]
    p50_ms: Positive
    p95_ms: Positive
    cpu_ms: Positive | None = None


def plain(value: Any) -> Any:
    """Return nested values with tuples as lists and five significant digits, for JSON."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
