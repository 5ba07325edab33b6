"""The page of ``surveil compare``: one HTML file that needs no other, nor scripts to be read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveil.domain import EMOTIONS
from surveil.training import wording
from surveil.training.compare import SURE, Comparison, Entry
from surveil.training.metrics_file import Reliability, RiskCoverage, SetFigures
from surveil.training.model_record import ModelRecord
from surveil.training.pages import page_part, render_page

SIDE = 160
"""Side of a small chart's plane in the units of its SVG."""

LEAST_ACCURACY = 0.4
"""Where the vertical axis of the risk-coverage charts begins; lower values lie on it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin as a bar of a reliability chart, in units of the SVG; ``y`` points down."""

    x: float
    y: float
    width: float
    height: float
    share: float
    """Of the faces, as opacity: bins of few faces are faint."""
    title: str


def page(comparison: Comparison) -> str:
    """Return the page as HTML.

    Raises:
        ConfigError: jinja2, which is among the extras for training, is not installed.
    """
    script = page_part("compare.js")
    return render_page(
        "compare.html.j2",
        comparison=comparison,
        words=wording,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        counts=sorted({len(record.classes) for record in comparison.records}, reverse=True),
        groups=restricted_groups(comparison),
        primary=comparison.tests[0],
        sure=SURE,
        having=having,
        heat=heat,
        bars=bars,
        curve=curve,
        line_at=line_at,
        f1_rows=f1_rows,
        condition_rows=condition_rows,
        side=SIDE,
    )


def restricted_groups(comparison: Comparison) -> list[tuple[str, str, list[Entry]]]:
    """Return ``(test, taxonomy, entries)`` where models of more classes are restricted to fewer.

    Models that know no more than these classes are among the entries; the best come first.
    """
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in comparison.entries:
        groups.setdefault((entry.test, entry.taxonomy), []).append(entry)
    return [
        (test, taxonomy, sorted(group, key=lambda e: -e.accuracy))
        for (test, taxonomy), group in groups.items()
        if any(entry.restricted for entry in group)
    ]


def having(comparison: Comparison, test: str, figure: str) -> list[tuple[ModelRecord, SetFigures]]:
    """Return the models of which a figure was measured on a set."""
    measured = ((record, record.metrics.test.get(test)) for record in comparison.records)
    return [(record, found) for record, found in measured if found and getattr(found, figure)]


def heat(figures: SetFigures) -> list[tuple[str, int, list[tuple[int, float]]]]:
    """Return the confusion matrix as ``(label, faces, [(count, share of the row)])``."""
    found = []
    for name, row in zip(figures.classes, figures.confusion, strict=False):
        total = sum(row)
        found.append((name, total, [(count, count / total if total else 0.0) for count in row]))
    return found


def bars(reliability: Reliability) -> list[Bar]:
    """Return the bars of a reliability chart, with the model's temperature."""
    most = max((bin_.faces for bin_ in reliability.scaled), default=0)
    return [
        Bar(
            round(SIDE * bin_.low, 1),
            round(SIDE * (1 - bin_.accuracy), 1),
            round(SIDE * (bin_.high - bin_.low), 1),
            round(SIDE * bin_.accuracy, 1),
            round(0.25 + 0.75 * bin_.faces / most, 2),
            f"confidence {bin_.low:.0%} to {bin_.high:.0%}: {bin_.accuracy:.0%} of "
            f"{bin_.faces} right",
        )
        for bin_ in reliability.scaled
        if bin_.faces and bin_.accuracy is not None
    ]


def curve(risk_coverage: RiskCoverage) -> str:
    """Return the points of a risk-coverage curve for an SVG polyline."""
    return " ".join(
        f"{SIDE * coverage:.1f},{line_at(accuracy):.1f}"
        for coverage, accuracy in risk_coverage.curve
    )


def line_at(accuracy: float) -> float:
    """Return the height of an accuracy in a risk-coverage chart, downwards from the top."""
    return SIDE * (1 - max(accuracy - LEAST_ACCURACY, 0) / (1 - LEAST_ACCURACY))


def f1_rows(
    records: Sequence[ModelRecord], test: str
) -> list[tuple[str, list[tuple[ModelRecord, float | None, int]]]]:
    """Return F1 and support of each model for each class that any of them has on a set.

    F1 is ``None`` for a class that the model does not know or that no face of the set shows.
    """
    by_model = []
    for record in records:
        figures = record.metrics.test.get(test)
        per_class = figures.per_class if figures else ()
        by_model.append((record, {row.emotion: row for row in per_class if row.support}))
    names = [e.value for e in EMOTIONS]
    names += sorted({name for _, known in by_model for name in known} - set(names))
    found = []
    for name in names:
        cells: list[tuple[ModelRecord, float | None, int]] = []
        for record, known in by_model:
            row = known.get(name)
            cells.append((record, row.f1 if row else None, row.support if row else 0))
        if any(f1 is not None for _, f1, _ in cells):
            found.append((name, cells))
    return found


def condition_rows(
    records: Sequence[ModelRecord], test: str
) -> list[tuple[str, list[tuple[ModelRecord, Any]]]]:
    """Return each model's accuracy under each condition that any was measured under, on a set."""
    conditions: dict[str, None] = {}
    by_model = []
    for record in records:
        figures = record.metrics.test.get(test)
        known = {part.condition: part for part in (figures.robustness if figures else ())}
        conditions |= dict.fromkeys(known)
        by_model.append((record, known))
    return [
        (condition, [(record, known.get(condition)) for record, known in by_model])
        for condition in conditions
    ]
