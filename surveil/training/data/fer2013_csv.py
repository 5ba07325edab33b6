"""Read FER2013 as Kaggle has it: one CSV file with the pixels as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from surveil.domain import EMOTIONS
from surveil.training.data.fer2013_rows import SIDE_PX, Row, Usage
from surveil.training.data.tables import open_table
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
    hint = f"FER2013 has {', '.join(_COLUMNS)}"
    with open_table(path, _COLUMNS, hint) as table:
        for number, (line, values) in enumerate(table):
            place = f"{path}: row {number} (line {line})"
            usage = values["Usage"]
            if usage not in set(Usage):
                raise DataError(
                    f"{place}: Usage {usage!r} is none of {', '.join(u.value for u in Usage)}"
                )
            if Usage(usage) in usages:
                yield _row(place, number, values["emotion"], values["pixels"], Usage(usage))


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
