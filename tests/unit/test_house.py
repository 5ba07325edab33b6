"""Commands stay thin, and files stay of a size that can be read at one sitting."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import surveil

PACKAGE = Path(surveil.__file__).parent
MAX_FILE_LINES = 400
MAX_COMMAND_LINES = 60


def test_no_file_is_too_long() -> None:
    lengths = {
        file.relative_to(PACKAGE).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in PACKAGE.rglob("*.py")
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_commands_are_thin() -> None:
    lengths = {
        f"{file.name}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in (PACKAGE / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_COMMAND_LINES} == {}


def test_programs_of_ours_import_nothing_from_the_working_directory() -> None:
    started = re.compile(r"sys\.executable,\s*(\"[^\"]*\")")
    first = {
        (file.relative_to(PACKAGE).as_posix(), option)
        for file in PACKAGE.rglob("*.py")
        for option in started.findall(file.read_text(encoding="utf-8"))
    }
    assert first
    assert {(name, option) for name, option in first if option != '"-P"'} == set()
