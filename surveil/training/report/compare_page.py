"""The page of ``surveil compare``: one HTML file that needs no other, nor scripts to be read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveil.domain import EMOTIONS
from surveil.models.taxonomy import taxonomies
from surveil.training.records import wording
from surveil.training.records.compare import SURE, Comparison, Entry, taxonomy_name
from surveil.training.records.figures import SetFigures
from surveil.training.records.model_record import ModelRecord
from surveil.training.report.charts import LEAST_ACCURACY, Plane, heat
from surveil.training.report.pages import page_part, render_page

PLANE = Plane(160)


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
        f1_rows=f1_rows,
        condition_rows=condition_rows,
        plane=PLANE,
        least=LEAST_ACCURACY,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Entries on one set by one taxonomy, the best first.

    ``classes`` is how many the taxonomy has, ``None`` if no model is of these alone and its name
    does not tell.
    """

    test: str
    taxonomy: str
    classes: int | None
    entries: tuple[Entry, ...]


def restricted_groups(comparison: Comparison) -> list[Group]:
    """Return the entries where models of more classes are restricted to fewer.

    Models that know no more than these classes are among the entries.
    """
    counts = {name: len(known.classes) for name, known in taxonomies().items()}
    counts |= {taxonomy_name(record): len(record.classes) for record in comparison.records}
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in comparison.entries:
        groups.setdefault((entry.test, entry.taxonomy), []).append(entry)
    return [
        Group(
            test,
            taxonomy,
            counts.get(taxonomy),
            tuple(sorted(group, key=lambda e: -e.accuracy)),
        )
        for (test, taxonomy), group in groups.items()
        if any(entry.restricted for entry in group)
    ]


def having(comparison: Comparison, test: str, figure: str) -> list[tuple[ModelRecord, SetFigures]]:
    """Return the models of which a figure was measured on a set."""
    measured = ((record, record.metrics.test.get(test)) for record in comparison.records)
    return [(record, found) for record, found in measured if found and getattr(found, figure)]


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
