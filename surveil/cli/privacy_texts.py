"""``surveil privacy notice`` and ``surveil privacy dpia``: texts about a fleet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from surveil.cli.options import with_fleet_file
from surveil.cli.tabular import write_file, write_text
from surveil.config import Fleet, load_fleet
from surveil.config.notices import TEXTS, Lang, Measured, write_assessment, write_notice
from surveil.errors import ModelError
from surveil.models.finding import find_model
from surveil.training.errors import DataError
from surveil.training.records.model_record import read_record


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    languages = click.Choice(sorted(TEXTS))
    function = click.option("--out", type=click.Path(path_type=Path), help="File to write.")(
        function
    )
    return click.option("--lang", type=languages, default="en", show_default=True)(function)


@click.command("notice")
@with_fleet_file
@_options
def notice(fleet_file: Path, lang: Lang, out: Path | None) -> None:
    """Write a notice for the people whom the cameras of FLEET.yaml see.

    Markdown, of the configuration and of the model's measured errors; ______ is to be filled in.
    """
    fleet = load_fleet(fleet_file)
    _write(write_notice(fleet, _measured(fleet), lang), out)


@click.command("dpia")
@with_fleet_file
@_options
def dpia(fleet_file: Path, lang: Lang, out: Path | None) -> None:
    """Write a draft of the impact assessment of FLEET.yaml.

    Markdown, of the configuration and of the model's measured errors; ______ is to be filled in.
    """
    fleet = load_fleet(fleet_file)
    _write(write_assessment(fleet, _measured(fleet), lang), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        write_text(text)
    else:
        write_file(out, text.encode())


def _measured(fleet: Fleet) -> Measured | None:
    """Return what was measured of a fleet's model on its own test faces; None if nothing was."""
    try:
        metrics = read_record(find_model(fleet.model)).metrics
    except (ModelError, DataError):
        return None
    figures = next(iter(metrics.test.values()))
    missed = {row.emotion: 1 - row.recall for row in figures.per_class}
    return Measured(metrics.model, figures.faces, figures.accuracy, missed) if missed else None
