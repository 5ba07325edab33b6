"""Write rows as a table for people, or as CSV, JSON or Parquet for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from surveil.errors import ConfigError, SurveilError
from surveil.plaintext import escape
from surveil.replacing import write_whole
from surveil.tables import Column, cell, draw_table, number

Rows = Sequence[Sequence[Any]]

FORMATS = ("table", "csv", "json", "parquet")
_BY_SUFFIX = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".pq": "parquet"}
WIDE = 10_000
"""Columns of a table that goes into a pipe or file: nothing is cut or wrapped there."""


def choose_format(wanted: str | None, out: Path | None) -> str:
    """Return the format asked for, else that of the file's name, else ``table``.

    Raises:
        ConfigError: Parquet is to go to the terminal.
    """
    chosen = wanted or (_BY_SUFFIX.get(out.suffix.lower(), "table") if out else "table")
    if chosen == "parquet" and out is None:
        raise ConfigError("Parquet is not text: give --out FILE.parquet")
    return chosen


def write_rows(columns: Sequence[str | Column], rows: Rows, format_: str, out: Path | None) -> None:
    """Write rows to a file, or to standard output.

    Args:
        columns: One for each cell of a row; what more they say than a name is for tables.
        rows: Cells: text, numbers, aware instants, None, or JSON values.
        format_: One of ``FORMATS``.
        out: File to replace; None is standard output.

    Raises:
        SurveilError: The file cannot be written, or Parquet cannot hold the values.
    """
    names = [one.name if isinstance(one, Column) else one for one in columns]
    if format_ == "parquet":
        assert out is not None
        write_file(out, _parquet(names, rows))
        return
    if format_ == "table":
        text = _table(columns, rows)
    else:
        text = {"csv": _csv, "json": _json}[format_](names, rows)
    if out is not None:
        write_file(out, text.encode())
    elif format_ == "table":
        click.echo(text, nl=False)  # its cells are clean, its colours are codes
    else:
        write_text(text)


def write_text(text: str) -> None:
    """Write lines to standard output; a terminal is shown what a program gets as it is."""
    click.echo(escape(text, keep_lines=True) if sys.stdout.isatty() else text, nl=False)


def write_file(path: Path, content: bytes) -> None:
    """Replace a file, or leave it as it was."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise SurveilError(f"cannot write {path}: {error.strerror}") from None


def check_writable(path: Path) -> None:
    """Refuse a file that :func:`write_file` could not write, before work is done for it.

    Raises:
        ConfigError: There is no such folder, it cannot be written to, or the file is a folder.
    """
    if path.is_dir():
        raise ConfigError(f"cannot write {path}: it is a folder")
    _check_folder(path, path.parent)


def check_folder_writable(folder: Path) -> None:
    """Refuse a folder that can be neither written to nor made.

    Raises:
        ConfigError: It is a file or below one, or cannot be written to.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    _check_folder(folder, there)


def _check_folder(path: Path, folder: Path) -> None:
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise ConfigError(f"cannot write {path}: {folder}: {what}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"cannot write {path}: {folder} may not be written to")


def render(draw: Callable[[Console], None], *, width: int | None = None) -> str:
    """Return what is drawn on a console: coloured on a terminal, plain elsewhere.

    No line ends with blanks.
    """
    buffer = io.StringIO()
    on_terminal = sys.stdout.isatty()
    screen = Console(highlight=False)
    draw(
        Console(
            file=buffer,
            force_terminal=on_terminal,
            color_system=screen.color_system if on_terminal else None,  # type: ignore[arg-type]
            width=width or (screen.width if on_terminal else WIDE),
            highlight=False,
            legacy_windows=False,
        )
    )
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


def show(draw: Callable[[Console], None]) -> None:
    """Print what is drawn on a console; its texts are clean, its colours are codes."""
    click.echo(render(draw), nl=False)


def show_cell(value: Any) -> str:
    """Return a cell as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if not value.microsecond else "milliseconds")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _table(columns: Sequence[str | Column], rows: Rows) -> str:
    heads = [
        one if isinstance(one, Column) else _column(one, [row[i] for row in rows])
        for i, one in enumerate(columns)
    ]
    cells = [
        [one if isinstance(one, Text) else cell(show_cell(one)) for one in row] for row in rows
    ]
    return render(lambda console: console.print(draw_table(console, heads, cells)))


def _column(name: str, cells: Sequence[Any]) -> Column:
    if any(isinstance(one, int | float | Decimal) for one in cells):
        return number(name)
    return Column(name, is_whole=any(isinstance(one, datetime | date) for one in cells))


def _csv(columns: Sequence[str], rows: Rows) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(cell, for_json=False) for cell in row] for row in rows)
    return buffer.getvalue()


def _json(columns: Sequence[str], rows: Rows) -> str:
    values = [
        {name: _plain(cell, for_json=True) for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _plain(cell: Any, *, for_json: bool) -> Any:
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        cell = float(cell)
    if for_json:
        return finite(cell)
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False)
    if cell is None or isinstance(cell, str | int | float | dict | list):
        return cell
    return str(cell)


def finite(value: Any) -> Any:
    """Return a value as JSON holds it: null in place of NaN and infinities, which it has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)


def _parquet(columns: Sequence[str], rows: Rows) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    if len(set(columns)) != len(columns):
        raise ConfigError("Parquet needs columns of different names: use AS")
    cells = [[_flat(row[i]) for row in rows] for i in range(len(columns))]
    try:
        table = pa.table(dict(zip(columns, map(pa.array, cells), strict=True)))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SurveilError(f"Parquet cannot hold this: {error}") from None
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _flat(cell: Any) -> Any:
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell
