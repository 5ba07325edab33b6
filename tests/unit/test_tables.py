"""Tables: no figure is cut at any width, and no cell drives the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console
from rich.text import Text

from surveil.tables import Column, cell, draw_table, number, whole

COLUMNS = (whole("rule"), whole("since"), number("value"), Column("summary"))
ROWS = (
    ("crowd-anger-at-the-entrance", "2026-03-01 10:00:00", "0.4375", "lobby: 44% angry for 30 s"),
    ("camera-blind", "2026-03-01 11:22:33", "15.25", "nothing is seen"),
)


def draw(
    width: int,
    columns: Sequence[Column | str] = COLUMNS,
    rows: Sequence[Sequence[Text | str]] = ROWS,
) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width)
    console.print(draw_table(console, columns, rows))
    return out.getvalue().splitlines()


def test_one_line_a_row_where_there_is_room() -> None:
    lines = draw(100)
    assert len(lines) == 3
    assert lines[0].split() == ["rule", "since", "value", "summary"]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_figures_and_whole_texts_are_never_cut(width: int) -> None:
    text = "\n".join(draw(width))
    for row in ROWS:
        for value in row[:3]:
            assert value in text, (width, value)


def test_a_table_too_wide_becomes_blocks() -> None:
    lines = [line.rstrip() for line in draw(40)]
    assert lines[2] == "value    0.4375"
    assert "" in lines
    assert max(map(len, lines)) <= 40


def test_cells_show_control_characters() -> None:
    lines = draw(80, ("a",), [[cell("x\x1b[31m\x9b1m\n\u202ey [bold]")]])
    assert lines[1].rstrip() == "x\\x1b[31m\\x9b1m\\n\\u202ey [bold]"


@pytest.mark.parametrize("width", [80, 38])
def test_names_of_columns_and_titles_are_shown_as_they_are(width: int) -> None:
    name = "[/]\x1b[31m\x9b\n\u202e:smile:"
    console = Console(file=io.StringIO(), width=width)
    console.print(draw_table(console, (whole(name), whole("another")), [["1", "2"]], title=name))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    shown = "[/]\\x1b[31m\\x9b\\n\\u202e:smile:"
    assert "".join(text.split()).count(shown) == 2
