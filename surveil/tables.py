"""Tables for people, in one style, whose cells hold nothing that a terminal would obey.

A figure is never cut: where a table is wider than the terminal, texts are wrapped first, and if
that is not enough each row becomes a block of lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from surveil.plaintext import escape
from surveil.redaction import redact

GAPS = (2, 1)
"""Blanks between two columns: where there is room, and with the short names."""

NARROWEST_TEXT = 12
"""Columns below which wrapping a text helps nobody."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its heading.
        is_number: Aligned to the right, and never wrapped.
        is_whole: Never wrapped: an instant, an id, a state.
        short: Its heading where there is no room for the name.
    """

    name: str
    is_number: bool = False
    is_whole: bool = False
    short: str = ""


def number(name: str, short: str = "") -> Column:
    """Return a column of figures."""
    return Column(name, is_number=True, is_whole=True, short=short)


def whole(name: str, short: str = "") -> Column:
    """Return a column of short texts that are never wrapped."""
    return Column(name, is_whole=True, short=short)


def cell(text: object, style: str = "") -> Text:
    """Return a text as a table may show it: without secrets and without control characters."""
    return Text(escape(redact(str(text))), style)


def draw_table(
    console: Console,
    columns: Sequence[Column | str],
    rows: Sequence[Sequence[Text | str]],
    *,
    title: str = "",
) -> RenderableType:
    """Return a table as wide as the console at most.

    Args:
        console: Where it is to be printed.
        columns: Their names, or more about them.
        rows: One cell for each column; text of others must have passed :func:`cell`.
        title: A line above it.
    """
    full = [one if isinstance(one, Column) else Column(one) for one in columns]
    short = [replace(one, name=one.short or one.name) for one in full]
    cells = [[one if isinstance(one, Text) else cell(one) for one in row] for row in rows]
    above = [cell(title, "bold")] if title else []
    for heads, gap in zip((full, short), GAPS, strict=True):
        table, least = _grid(heads, cells, gap)
        if least <= console.width:
            return Group(*above, table)
    return Group(*above, *_blocks(full, cells))


def _grid(heads: Sequence[Column], cells: Sequence[Sequence[Text]], gap: int) -> tuple[Table, int]:
    """Return a table, and the width in which nothing of it is cut."""
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    least = gap * (len(heads) - 1)
    for index, head in enumerate(heads):
        name = cell(head.name)  # also a name may come from a statement of others
        width = max([cell_len(name.plain), *(_width(row[index]) for row in cells)])
        needed = width if head.is_whole else min(width, NARROWEST_TEXT)
        least += needed
        table.add_column(
            name,
            justify="right" if head.is_number else "left",
            no_wrap=head.is_whole,
            min_width=needed,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*row)
    return table, least


def _width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.split("\n")), default=0)


def _blocks(heads: Sequence[Column], cells: Sequence[Sequence[Text]]) -> list[RenderableType]:
    """Return each row as lines of names and values, with an empty line between two rows."""
    blocks: list[RenderableType] = []
    for row in cells:
        block = Table.grid(padding=(0, GAPS[0], 0, 0))
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for head, value in zip(heads, row, strict=True):
            block.add_row(cell(head.name), value)
        blocks += [Text(""), block] if blocks else [block]
    return blocks
