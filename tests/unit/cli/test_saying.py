"""What commands print of others' texts is shown, never obeyed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from surveil.cli.evaluate import _Progress
from surveil.cli.main import cli
from surveil.cli.tabular import render
from surveil.cli.train import _Bar

HOSTILE = "[red]a[/]:smile:\x9b31m\x1b[1m"
SHOWN = r"[red]a[/]:smile:\x9b31m\x1b[1m"


def test_notes_are_printed_as_they_are() -> None:
    file = io.StringIO()
    console = Console(file=file, width=20)
    _Bar(console).say(HOSTILE)
    _Progress(console, quiet=False)(HOSTILE)
    said, measured = file.getvalue().splitlines()
    assert said.endswith(f" {SHOWN}")
    assert measured == f"measuring: {SHOWN}"


def test_no_line_ends_with_blanks() -> None:
    assert render(lambda console: console.print("a   \nb \n")) == "a\nb\n\n"


def test_a_path_is_shown_and_not_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x\x9b31m.db"
    result = CliRunner().invoke(cli, ["db", "upgrade", "--database", f"sqlite:///{path}"])
    assert result.exception is None
    assert r"x\x9b31m.db: applied" in result.stdout
