"""Models: how they compare, and all that is known of each, as `surveil compare` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query, Request, Response

from surveil.config.contradictions import emotion_of
from surveil.models.files import SHIPPED
from surveil.training.records import wording
from surveil.training.records.compare import SURE, Comparison
from surveil.training.records.figures import SetFigures
from surveil.training.records.model_record import ModelRecord
from surveil.training.report.charts import Plane
from surveil.web.models import known_models, serving_model
from surveil.web.pages.rendering import render
from surveil.web.problems import MissingError
from surveil.web.seen_rules import seen_rules
from surveil.web.site import Site
from surveil.web.viewer import Viewer
from surveil.web.wiring import Looks, Shared

router = APIRouter(include_in_schema=False, prefix="/models")

SETTINGS = (
    *("batch", "epochs", "full_epochs", "patience", "precision", "seed", "ema", "start_from"),
    *("optimiser", "loss", "mixup", "distil", "phases", "augmentation"),
)
"""Of a training's configuration, in the order in which they are shown; ``data`` stands apart."""

PLANE = Plane(180)
"""On which the reliability of a model is drawn, as ``surveil compare`` draws it."""


class Counts(NamedTuple):
    """One class against all others, in faces."""

    name: str
    right: int
    missed: int
    mistaken: int
    left: int
    precision: float
    recall: float
    specificity: float | None
    f1: float


@router.get("")
def show(
    request: Request,
    site: Shared,
    viewer: Looks,
    name: Annotated[str, Query(max_length=64)] = "",
    classes: Annotated[int, Query(ge=0, le=16)] = 0,
) -> Response:
    """All of them, side by side."""
    comparison = known_models()
    shown = [
        record
        for record in comparison.records
        if name.lower() in record.facts.name and classes in (0, len(record.classes))
    ]
    return render(
        request, "models.html", viewer, comparison=comparison, shown=shown, words=wording,
        name=name, classes=classes, sure=SURE, serving=serving_model(site.fleet),
        counts=sorted({len(record.classes) for record in comparison.records}, reverse=True),
    )  # fmt: skip


@router.get("/{name}")
def show_one(
    request: Request, site: Shared, viewer: Looks, name: Annotated[str, Path(max_length=64)]
) -> Response:
    """All that is known of one."""
    comparison = known_models()
    record = _find(comparison, name)
    used = serving_model(site.fleet)
    serving = next((r for r in comparison.records if r.facts.name == used), None)
    training: dict[str, Any] = record.facts.training
    config: dict[str, Any] = training.get("config") or {}
    card = SHIPPED / name / "card.md"
    return render(
        request, "model.html", viewer, record=record, comparison=comparison, words=wording,
        training=training, counts=counts_of, heat=heat, sure=SURE, plane=PLANE,
        settings=[(key, in_words(config[key])) for key in SETTINGS if config.get(key) is not None],
        is_serving=serving is record, mute=_mute(site, viewer, record),
        lost=_lost(serving, record), gained=_lost(record, serving),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
    )  # fmt: skip


def counts_of(figures: SetFigures) -> list[Counts]:
    """Return, for each class, the faces rightly given it, missed, mistaken for it, and the rest."""
    matrix, total = figures.confusion, sum(map(sum, figures.confusion))
    if not matrix:
        return []
    found = []
    for i, row in enumerate(figures.per_class):
        right = matrix[i][i]
        missed = sum(matrix[i]) - right
        mistaken = sum(line[i] for line in matrix) - right
        found.append(
            Counts(row.emotion, right, missed, mistaken, total - right - missed - mistaken,
                   row.precision, row.recall, row.specificity, row.f1)
        )  # fmt: skip
    return found


def heat(figures: SetFigures) -> list[tuple[str, int, list[tuple[int, float, int]]]]:
    """Return the confusion matrix: label, faces, and cells of count, share and step 0 to 10."""
    rows = []
    for name, row in zip(figures.classes, figures.confusion, strict=False):
        total = sum(row)
        cells = [
            (n, n / total if total else 0.0, round(10 * n / total) if total else 0) for n in row
        ]
        rows.append((name, total, cells))
    return rows


def in_words(value: object) -> str:
    """Return a setting as text: mappings and lists in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {in_words(one)}" for key, one in value.items() if one is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(in_words(one) for one in value)
    return str(value)


def _find(comparison: Comparison, name: str) -> ModelRecord:
    for record in comparison.records:
        if record.facts.name == name:
            return record
    raise MissingError(f"there is no model {name} among those that came with surveil")


def _mute(site: Site, viewer: Viewer, record: ModelRecord) -> list[str]:
    """Return the rules that ask for an expression which a model never tells."""
    return [
        rule.name
        for rule, _ in seen_rules(site.fleet, viewer.scope)
        if any(emotion_of(one) not in (None, *record.classes) for one in rule.conditions)
    ]


def _lost(before: ModelRecord | None, after: ModelRecord | None) -> list[str]:
    if before is None or after is None:
        return []
    return [name for name in before.classes if name not in after.classes]
