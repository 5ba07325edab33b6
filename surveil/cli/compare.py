"""``surveil compare``: all models on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from surveil.cli.saying import say
from surveil.cli.tabular import check_writable, show, write_file, write_rows
from surveil.models.files import SHIPPED
from surveil.tables import Column, cell, draw_table
from surveil.tables import number as figures_column

if TYPE_CHECKING:
    from surveil.training.records.compare import Comparison

DEFAULT = "models"


@click.command()
@click.argument("models", nargs=-1)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the page: one HTML file, self-contained."
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write all rows; - is stdout."
)
@click.option(
    "--csv", "csv_path", type=click.Path(path_type=Path), help="The same as CSV; - is stdout."
)
def command(
    models: tuple[str, ...], out: Path | None, json_path: Path | None, csv_path: Path | None
) -> None:
    """Compare MODELS: folders of a model or of models, or names (default: all there are).

    Figures are read from model.json and metrics.json; weights are not needed. Rows that do not
    compare (other classes, other faces, a reduced budget) are said to.
    """
    for path in (out, json_path, csv_path):
        if path and str(path) != "-":
            check_writable(path)
    from surveil.training.records.compare import COLUMNS, compare, rows
    from surveil.training.records.model_record import find_records

    records, remarks = find_records([_folder(model) for model in models or (DEFAULT,)])
    comparison = compare(records, remarks)
    if out:
        from surveil.training.report.compare_page import page

        write_file(out, page(comparison).encode())
    if json_path:
        report = {
            "warnings": comparison.warnings,
            "rows": [dict(zip(COLUMNS, row, strict=True)) for row in rows(comparison)],
        }
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        _write(json_path, text)
    if csv_path:
        write_rows(COLUMNS, rows(comparison), "csv", None if str(csv_path) == "-" else csv_path)
    if "-" not in (str(json_path), str(csv_path)):
        show(lambda console: _show(console, comparison))
        if out:
            say(f"written to {out}")


def _folder(model: str) -> Path:
    if model == DEFAULT:
        return next((folder for folder in (Path(model), SHIPPED) if folder.is_dir()), Path(model))
    if Path(model).is_dir() or "/" in model:
        return Path(model)
    # Imported here: it brings torch along, which takes seconds and which folders do not need.
    from surveil.models import find_model

    return find_model(model)


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        click.echo(text, nl=False)
    else:
        write_file(path, text.encode())


def _show(console: Console, comparison: Comparison) -> None:
    from surveil.training.records.compare import SURE
    from surveil.training.records.wording import (
        coverage_words,
        input_words,
        network_name,
        number,
        percent,
        size_words,
        speed_of,
    )

    primary = comparison.tests[0]
    headings = ("classes", "accuracy", "95% interval", "ten-crop", "macro-F1", "ECE",
                f"at {SURE:.0%}", "parameters", "ms", "memory", "epochs")  # fmt: skip
    columns: list[Column | str] = ["model", "network, input", *map(figures_column, headings)]
    rows = []
    for record in comparison.records:
        entry = comparison.entry(record, primary)
        figures = entry.figures if entry else None
        metrics, budget = record.metrics, record.metrics.budget
        speed = speed_of(metrics.speed)
        sure = figures.at_precision(SURE) if figures else None
        cells = (
            record.facts.versioned_name,
            f"{network_name(record.facts.architecture)}, {input_words(record.facts)}",
            str(len(record.classes)),
            percent(figures.accuracy if figures else None),
            f"{figures.interval[0]:.1%}-{figures.interval[1]:.1%}" if figures else "–",
            percent(figures.ten_crop.accuracy if figures and figures.ten_crop else None),
            number(figures.macro_f1 if figures else None),
            percent(figures.ece if figures else None),
            coverage_words(sure),
            "–" if metrics.parameters is None else f"{metrics.parameters:,}",
            "–" if speed is None else f"{speed.p50_ms:.1f}",
            size_words(metrics.memory_bytes),
            "–" if budget is None else f"{budget.epochs}/{budget.epochs_planned}",
            entry.standing if entry else "",
        )
        rows.append(cells)
    console.print(draw_table(console, [*columns, "against the best"], rows, title=f"On {primary}"))
    for warning in comparison.warnings:
        console.print(cell(f"! {warning}"))
