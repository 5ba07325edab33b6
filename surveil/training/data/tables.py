"""Read CSV files of any maker (byte-order mark, blank lines, other separators), and write ours."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from surveil.training.errors import DataError

SEPARATORS = ",;\t"
"""Spreadsheets write what their country has; the one that the heading has most of is taken."""


class Table:
    """The rows of an open file, each with the number of its line.

    Attributes:
        columns: Names in the heading, without blanks around them.
    """

    def __init__(self, path: Path, file: TextIO, needed: Sequence[str], hint: str) -> None:
        self._path = path
        first = next((line for line in file if line.strip()), "")
        file.seek(0)
        separator = max(SEPARATORS, key=first.count)
        self._reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
        heading = next(filter(_is_row, self._reader), [])
        by_name = {name.lower(): name for name in needed}
        names = [name.strip() for name in heading]
        self.columns = [by_name.get(name.lower(), name) for name in names]
        if missing := [name for name in needed if name not in self.columns]:
            has = hint or f"it has {', '.join(names[:20]) or 'none'}"
            raise DataError(f"{path}: column {', '.join(missing)} is missing; {has}")
        self._least = max((self.columns.index(name) for name in needed), default=0) + 1

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        for values in self._reader:
            if not _is_row(values):
                continue
            line = self._reader.line_num
            if len(values) < self._least:
                raise DataError(
                    f"{self._path}, line {line}: the line has fewer values than there are columns"
                )
            cells = [value.strip() for value in values]
            cells += [""] * (len(self.columns) - len(cells))
            yield line, dict(zip(self.columns, cells, strict=False))


@contextmanager
def open_table(path: Path, needed: Sequence[str], hint: str = "") -> Iterator[Table]:
    """Open a CSV file in UTF-8, or in UTF-16 with a byte-order mark.

    Blank lines are passed over, blanks around names and values are taken off, and the case of a
    needed column's name does not matter.

    Args:
        path: The file.
        needed: Columns that there must be.
        hint: What such a file has, for the message on a missing column.

    Raises:
        DataError: It cannot be read, is no CSV file, a needed column is missing, or a line has
            fewer values than these need; the line is named.
    """
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            yield Table(path, file, needed, hint)
    except OSError as error:
        what = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise DataError(f"{path}: {what or error}") from error
    except UnicodeError as error:
        raise DataError(
            f"{path}: not a CSV file in UTF-8: {error}; a spreadsheet saves it as 'CSV UTF-8'"
        ) from error
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file: {error}") from error


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV, its heading first, with line feeds alone between its lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if wide else "utf-8-sig"


def _is_row(values: Sequence[str]) -> bool:
    return any(value.strip() for value in values)
