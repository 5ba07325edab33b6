"""The report of ``surveil evaluate``: one HTML page without scripts, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveil.training import wording
from surveil.training.failures import failures
from surveil.training.findings import against, findings
from surveil.training.metrics import Bin
from surveil.training.metrics_file import SetFigures
from surveil.training.pages import render_page
from surveil.training.provenance import SETS
from surveil.training.selective import RiskCoverage
from surveil.training.study import SetStudy, Study

SIDE = 300
"""Side of a chart's plane in the units of its SVG."""

LEAST_ACCURACY = 0.4
"""Where the vertical axis of the risk-coverage chart begins; lower values lie on it."""

BAR = 220
"""Length of a bar of 100%."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a page is made of.

    Attributes:
        model: Name and hash.
        network: What it is, in a sentence.
        parameters: Learned numbers.
        classes: In order.
        split: Name of the split reported on.
        same_data: Whether data and split are those of the model's training.
        study: The figures.
        speed: Timings as :func:`surveil.training.speed.measure` gives them.
        memory_bytes: The same's memory.
        hardware: What it was measured on.
        code_version: Of surveil.
    """

    model: str
    network: str
    parameters: int
    classes: tuple[str, ...]
    split: str
    same_data: bool
    study: Study
    speed: Sequence[dict[str, Any]]
    memory_bytes: int | None
    hardware: str
    code_version: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a chart, in units of its SVG; ``y`` points down."""

    x: float
    y: float
    width: float
    height: float
    opacity: float
    title: str


def report_page(report: Report) -> str:
    """Return the page as HTML.

    Raises:
        ConfigError: jinja2, which is among the extras for training, is not installed.
    """
    sets = report.study.sets
    tests = {
        name: SetFigures.model_validate(found.as_json())
        for name, found in sets.items()
        if found.evaluation.faces
    }
    return render_page(
        "report.html.j2",
        report=report,
        sets=sets,
        primary=next(iter(sets)),
        findings=findings(report.study, report.speed, report.memory_bytes),
        failures=failures(tests) if tests else [],
        words=wording,
        about_sets={name: SETS[name].replace("`", "") for name in sets if name in SETS},
        bars=bars,
        heat=heat,
        points=points,
        height=height,
        marks=marks,
        against=against,
        side=SIDE,
        bar=BAR,
        least=LEAST_ACCURACY,
    )


def heat(found: SetStudy) -> list[tuple[str, int, list[tuple[int, float]]]]:
    """Return the confusion matrix as ``(label, faces, [(count, share of the row)])``."""
    rows = []
    for name, row in zip(found.evaluation.classes, found.evaluation.confusion, strict=True):
        total = sum(row)
        rows.append((name, total, [(n, n / total if total else 0.0) for n in row]))
    return rows


def bars(bins: Sequence[Bin]) -> list[Box]:
    """Return the bars of a reliability diagram; those of few faces are faint."""
    most = max((bin_.faces for bin_ in bins), default=0)
    return [
        Box(
            round(SIDE * bin_.low + 1, 1),
            round(SIDE * (1 - bin_.accuracy), 1),
            round(SIDE * (bin_.high - bin_.low) - 2, 1),
            round(SIDE * bin_.accuracy, 1),
            round(0.3 + 0.7 * bin_.faces / most, 2),
            f"{bin_.faces} faces of confidence {bin_.low:.0%} to {bin_.high:.0%}, on average "
            f"{bin_.confidence:.1%}: {bin_.accuracy:.1%} right",
        )
        for bin_ in bins
        if bin_.accuracy is not None and bin_.confidence is not None
    ]


def points(risk_coverage: RiskCoverage) -> str:
    """Return the points of a risk-coverage curve for an SVG polyline."""
    return " ".join(
        f"{SIDE * coverage:.1f},{height(accuracy):.1f}"
        for coverage, accuracy in risk_coverage.curve
    )


def height(accuracy: float) -> float:
    """Return where an accuracy lies in a risk-coverage chart, downwards from the top."""
    return SIDE * (1 - max(accuracy - LEAST_ACCURACY, 0) / (1 - LEAST_ACCURACY))


def marks(risk_coverage: RiskCoverage) -> list[tuple[float, float, str]]:
    """Return the thresholds as places ``(x, y)`` of a risk-coverage chart, and what they say."""
    return [
        (
            round(SIDE * found.coverage, 1),
            round(height(found.precision), 1),
            f"{found.precision:.0%} right at {found.coverage:.0%} coverage",
        )
        for found in risk_coverage.thresholds
        if found.reached
    ]
