"""What ``surveil evaluate`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType

from surveil.tables import cell, draw_table
from surveil.tables import number as figures_column
from surveil.training.records.wording import coverage_words, number, percent

if TYPE_CHECKING:
    from surveil.training.measure.study import Study
    from surveil.training.report.assessment import Assessment


def show_study(console: Console, assessment: Assessment) -> None:
    """Draw the figures of all sets, of the first one's classes, and what was found in words."""
    # Imported here: it brings torch along, which takes seconds.
    from surveil.training.report.findings import findings

    result = assessment.study
    console.print(_sets_table(console, assessment.title, result))
    name, found = next(iter(result.sets.items()))
    evaluation = found.figures
    by_class = ("precision", "recall", "specificity", "F1", "faces")
    rows = [
        (figures.emotion, f"{figures.precision:.1%}", f"{figures.recall:.1%}",
         percent(figures.specificity), f"{figures.f1:.3f}", str(figures.support))
        for figures in evaluation.per_class
    ]  # fmt: skip
    console.print(_table(console, f"By class, {name}", "class", by_class, rows))
    counted = [
        (label, *map(str, counts))
        for label, counts in zip(evaluation.classes, evaluation.confusion, strict=True)
    ]
    title = "Rows as labelled, columns as classified"
    short = [name[:5] for name in evaluation.classes]
    console.print(_table(console, title, "class", short, counted))
    for line in findings(result, assessment.speed):
        console.print(cell(f"- {line}"))


def _sets_table(console: Console, title: str, result: Study) -> RenderableType:
    restricted = [
        name
        for name in dict.fromkeys(
            key for found in result.sets.values() for key in found.figures.restricted
        )
        if name != "six"
    ]
    headings = (
        "faces", "accuracy", "95% interval", "ten-crop", "macro-F1", "top-2", "ECE raw > scaled",
        "85% right at", "FER+", *restricted,
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for name, found in result.sets.items():
        figures = found.figures
        low, high = figures.interval
        rows.append((
            name, str(figures.faces), percent(figures.accuracy, 2), f"{low:.1%} to {high:.1%}",
            percent(figures.ten_crop.accuracy if figures.ten_crop else None, 2),
            number(figures.macro_f1), percent(figures.top2),
            f"{percent(figures.ece_unscaled)} > {percent(figures.ece)}",
            coverage_words(figures.thresholds[0]),
            percent(figures.ferplus.accuracy if figures.ferplus else None),
            *(
                percent(figures.restricted[key].accuracy) if key in figures.restricted else "–"
                for key in restricted
            ),
        ))  # fmt: skip
    return _table(console, title, "faces of", headings, rows)


def _table(
    console: Console,
    title: str,
    first: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> RenderableType:
    return draw_table(console, [first, *map(figures_column, headings)], rows, title=title)
