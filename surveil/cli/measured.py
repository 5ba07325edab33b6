"""Print what a measurement found."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from surveil.cli.tabular import finite, render, write_text
from surveil.logs import configure_logs
from surveil.measuring.report import Report
from surveil.tables import Column, cell, draw_table, number, whole

WIDTH = 80
"""Columns, also in a file: reports are pasted into documents."""


def with_clips(
    function: Callable[..., Any], default: str = "the clips of the demo"
) -> Callable[..., Any]:
    """Add ``--clip``, which may be repeated: paths of what is measured on; else the default."""
    return click.option(
        "--clip",
        "clips",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help=f"What cameras show, by turns; may be repeated.  [default: {default}]",
    )(function)


def measurement(function: Callable[..., Report]) -> Callable[..., None]:
    """Make a function that returns a report one that prints it; adds ``--json``."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @functools.wraps(function)
    def wrapper(*args: Any, as_json: bool, **options: Any) -> None:
        configure_logs("bench", level="warning")
        print_report(function(*args, **options), as_json=as_json)

    return wrapper


def print_report(report: Report, *, as_json: bool) -> None:
    """Print a report for people, or as one JSON object."""
    if as_json:
        write_text(json.dumps(finite(report.as_json()), indent=2) + "\n")
    else:
        click.echo(draw_report(report), nl=False)


def draw_report(report: Report) -> str:
    """Return a report for people, at most ``WIDTH`` columns wide."""
    return render(lambda console: _draw(console, report), width=WIDTH)


def _draw(console: Console, report: Report) -> None:
    for line in report.host.lines():
        console.print(cell(line, "dim"))
    settings = ", ".join(f"{name} {value}" for name, value in report.settings.items())
    console.print(cell(f"bench {report.name}: {settings}"))
    console.print()
    for table in report.tables:
        if table.name:
            console.print()
            console.print(cell(table.name))
        heads: list[Column | str] = [
            number(one.heading) if one.digits is not None else whole(one.heading)
            for one in table.figures
        ]
        rows = [list(map(cell, row)) for row in table.cells()]
        console.print(draw_table(console, heads, rows))
    for note in report.notes:
        console.print()
        console.print(cell(note))
