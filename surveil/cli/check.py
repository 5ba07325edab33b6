"""``surveil check``: validate a fleet file, and open its cameras if asked to."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from surveil.cli.options import with_fleet_file
from surveil.cli.probing import report_cells, report_json
from surveil.cli.saying import say
from surveil.cli.tabular import show
from surveil.config import Camera, ConfigErrors, Fleet
from surveil.config.loading import Loaded, read_fleet
from surveil.config.problems import Problem
from surveil.errors import UnavailableError
from surveil.plaintext import is_plain
from surveil.redaction import redact
from surveil.tables import Column, cell, draw_table, number, whole

if TYPE_CHECKING:
    from surveil.sources.probe import ProbeReport


@click.command("check")
@with_fleet_file
@click.option("--probe", is_flag=True, help="Open every enabled camera and say what it sends.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(fleet_file: Path, probe: bool, as_json: bool) -> None:
    """Validate FLEET.yaml, its rules and its secrets, without starting anything.

    Exit codes: 0 all is well, 2 errors in the files, 5 with --probe: a camera gave no picture.
    """
    try:
        loaded = read_fleet(fleet_file)
    except ConfigErrors as error:
        if not as_json:
            raise
        errors = [_problem_json(problem) for problem in error.problems]
        _print_json({"ok": False, "errors": errors, "error_count": error.count})
        sys.exit(error.exit_code)
    results = _probe(loaded.fleet) if probe else {}
    failed = [name for name, result in results.items() if not result.is_ok]
    if as_json:
        _print_json(_report_json(loaded, results, is_ok=not failed))
        sys.exit(UnavailableError.exit_code if failed else 0)
    for problem in loaded.warnings:
        warning = replace(problem, message=f"warning: {problem.message}")
        say(redact(str(warning)), err=True)
    shown = results if probe else None
    show(lambda console: _show(console, loaded.fleet, shown))
    if failed:
        raise UnavailableError(f"no picture from {', '.join(failed)}")


def _probe(fleet: Fleet) -> dict[str, ProbeReport]:
    # Imported here: FFmpeg's libraries take half a second, and only --probe needs them.
    from surveil.workers.probing import probe_fleet

    return probe_fleet(fleet)


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": redact(problem.message),
    }


def _report_json(loaded: Loaded, results: dict[str, ProbeReport], *, is_ok: bool) -> dict[str, Any]:
    report: dict[str, Any] = {
        "ok": is_ok,
        "errors": [],
        "error_count": 0,
        "warnings": [_problem_json(problem) for problem in loaded.warnings],
        "fleet": loaded.fleet.model_dump(mode="json", by_alias=True),
    }
    if results:
        report["probe"] = {name: report_json(result) for name, result in results.items()}
    return report


def _print_json(value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # What a terminal would obey, or no encoding takes, goes out as JSON's own escapes.
    is_safe = is_plain(text, keep_lines=True)
    click.echo(text if is_safe else json.dumps(value, indent=2))


def _show(console: Console, fleet: Fleet, results: dict[str, ProbeReport] | None) -> None:
    summary = Table.grid(padding=(0, 2))
    for label, value in (
        ("data_dir", fleet.data_dir),
        ("redis", fleet.redis),
        ("database", fleet.database),
        ("model", f"{fleet.model} on {fleet.device}"),
        ("rules", ", ".join(rule.name for rule in fleet.rules) or "none"),
        (
            "receivers",
            ", ".join(f"{name} ({r.kind})" for name, r in fleet.receivers.items()) or "none",
        ),
    ):
        summary.add_row(Text(label, style="dim"), cell(value))
    console.print(summary)
    columns = [whole("camera"), Column("source"), number("fps")]
    if results is not None:
        columns += [whole("codec"), whole("size"), number("sends"), number("first frame", "first")]
        columns += [Column("")]
    rows = [_row(camera, results) for camera in fleet.cameras.values()]
    console.print(draw_table(console, columns, rows))
    count = sum(camera.enabled for camera in fleet.cameras.values())
    if results is None or all(result.is_ok for result in results.values()):
        console.print(Text(f"ok: {count} camera{'s' * (count != 1)}", style="green"))


def _row(camera: Camera, results: dict[str, ProbeReport] | None) -> list[Text]:
    row = [camera.id, str(camera.source), f"{camera.sample_fps:g}"]
    style = ""
    if not camera.enabled:
        row[2], style = "disabled", "dim"
    elif results is not None:
        row += report_cells(results[camera.id])
        style = "" if results[camera.id].is_ok else "red"
    width = 3 if results is None else 8
    return [cell(text, style) for text in (*row, *[""] * (width - len(row)))]
