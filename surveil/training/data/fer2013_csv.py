"""Read FER2013 as Kaggle has it: one CSV file with the pixels as text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from surveil.domain import EMOTIONS
from surveil.training.data.fer2013_rows import SIDE_PX, Row, Usage
from surveil.training.errors import DataError

FILES = ("fer2013.csv", "icml_face_data.csv")
"""Kaggle's names: the challenge's own file, and that of the later re-issue, whose columns stand in
another order and begin with a blank."""

_COLUMNS = ("emotion", "pixels", "Usage")


def read_rows(path: Path, usages: frozenset[Usage]) -> Iterator[Row]:
    """Yield the rows of some usages in order; others are not even parsed.

    Raises:
        DataError: A column is missing, or a row's emotion, usage or pixels are wrong; the row
            (from 0) and the line of the file are named.
    """
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.reader(file)
        try:
            places = _places(path, next(table, []))
            for number, values in enumerate(table):
                place = f"{path}: row {number} (line {table.line_num})"
                if len(values) <= max(places):
                    raise DataError(f"{place}: {len(values)} values instead of {len(_COLUMNS)}")
                emotion, pixels, usage = (values[column].strip() for column in places)
                if usage not in set(Usage):
                    raise DataError(
                        f"{place}: Usage {usage!r} is none of {', '.join(u.value for u in Usage)}"
                    )
                if Usage(usage) in usages:
                    yield _row(place, number, emotion, pixels, Usage(usage))
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path}: not a CSV file: {error}") from error


def _places(path: Path, header: list[str]) -> list[int]:
    """Return where emotion, pixels and Usage stand."""
    names = [name.strip().lstrip("\ufeff").lower() for name in header]
    missing = [column for column in _COLUMNS if column.lower() not in names]
    if missing:
        raise DataError(
            f"{path}: column {', '.join(missing)} is missing; FER2013 has {', '.join(_COLUMNS)}, "
            f"this file has {', '.join(names[:8]) or 'none'}"
        )
    return [names.index(column.lower()) for column in _COLUMNS]


def _row(place: str, number: int, emotion: str, pixels: str, usage: Usage) -> Row:
    if emotion not in {str(index) for index in range(len(EMOTIONS))}:
        raise DataError(f"{place}: emotion {emotion[:20]!r} is not in 0..{len(EMOTIONS) - 1}")
    try:
        values = bytes(map(int, pixels.split()))
    except ValueError as error:
        raise DataError(f"{place}: pixels are not numbers of 0..255: {error}") from error
    if len(values) != SIDE_PX**2:
        raise DataError(
            f"{place}: {len(values)} pixels instead of {SIDE_PX**2} ({SIDE_PX}x{SIDE_PX})"
        )
    frame = np.frombuffer(values, np.uint8).reshape(SIDE_PX, SIDE_PX)
    return Row(number, int(emotion), frame, usage)
