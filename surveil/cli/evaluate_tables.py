"""What ``surveil evaluate`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from surveil.training.records.wording import coverage_words, number, percent

if TYPE_CHECKING:
    from surveil.training.measure.study import Study
    from surveil.training.report.assessment import Assessment


def show_study(console: Console, assessment: Assessment) -> None:
    """Draw the figures of all sets, of the first one's classes, and what was found in words."""
    # Imported here: it brings torch along, which takes seconds.
    from surveil.training.report.findings import findings

    result = assessment.study
    console.print(_sets_table(assessment.title, result))
    name, found = next(iter(result.sets.items()))
    evaluation = found.figures
    table = _table(f"By class, {name}", "class", *(
        "precision", "recall", "specificity", "F1", "faces",
    ))  # fmt: skip
    for figures in evaluation.per_class:
        table.add_row(
            figures.emotion, f"{figures.precision:.1%}", f"{figures.recall:.1%}",
            percent(figures.specificity), f"{figures.f1:.3f}", str(figures.support),
        )  # fmt: skip
    console.print(table)
    table = _table(
        "Rows as labelled, columns as classified", "class", *(n[:5] for n in evaluation.classes)
    )
    for label, counts in zip(evaluation.classes, evaluation.confusion, strict=True):
        table.add_row(label, *(str(count) for count in counts))
    console.print(table)
    for line in findings(result, assessment.speed):
        console.print(Text(f"- {line}"))


def _sets_table(title: str, result: Study) -> Table:
    restricted = [
        name
        for name in dict.fromkeys(
            key for found in result.sets.values() for key in found.figures.restricted
        )
        if name != "six"
    ]
    table = _table(title, "faces of", *(
        "faces", "accuracy", "95% interval", "ten-crop", "macro-F1", "top-2", "ECE raw > scaled",
        "85% right at", "FER+", *restricted,
    ))  # fmt: skip
    for name, found in result.sets.items():
        figures = found.figures
        low, high = figures.interval
        table.add_row(
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
        )  # fmt: skip
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table
