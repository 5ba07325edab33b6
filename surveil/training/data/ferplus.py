"""FER+: the votes of ten annotators on each picture of FER2013 (Barsoum et al. 2016)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surveil.training.data.tables import open_table
from surveil.training.errors import DataError
from surveil.training.faces import NO_MAJORITY

VOTES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""FER+'s names for the emotions in the order of ``EMOTIONS``."""

OTHERS = ("contempt", "unknown", "NF")
"""What else annotators could say; NF is no face."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the annotators said of one picture.

    Attributes:
        shares: Of the votes for the seven emotions, shape ``(7,)``; zeros if there is none.
        agreed: Index of the emotion that more than half of *all* votes name, those for contempt,
            unknown and no face included (a strict majority, as in the paper); else
            :data:`~surveil.training.faces.NO_MAJORITY`.
    """

    shares: NDArray[np.float32]
    agreed: int


Votes = dict[int, Ballot]
"""By FER2013's row."""

_FILES = ("ferplus_train.csv", "ferplus_publictest.csv", "ferplus_privatetest.csv")
_ORIGINAL = "fer2013new.csv"


def read_votes(folder: Path) -> Votes:
    """Return the votes of all FER+ files in a folder; none if there is no such file.

    Known are Microsoft's ``fer2013new.csv``, whose rows are those of ``fer2013.csv``, and parts
    of it with a column ``csv_row`` (``ferplus_train.csv``, ``ferplus_publictest.csv``).

    Raises:
        DataError: A column is missing, or a vote is not a number.
    """
    votes: Votes = {}
    for name in (*_FILES, _ORIGINAL):
        if (folder / name).is_file():
            votes |= _read(folder / name, is_numbered=name != _ORIGINAL)
    return votes


def _read(path: Path, *, is_numbered: bool) -> Votes:
    rows: list[int] = []
    votes: list[list[float]] = []
    with open_table(path, [*VOTES, *OTHERS, *(["csv_row"] if is_numbered else [])]) as table:
        for number, (line, values) in enumerate(table):
            try:
                cast = [float(values[name]) for name in (*VOTES, *OTHERS)]
                rows.append(int(values["csv_row"]) if is_numbered else number)
            except ValueError:
                cast = [math.nan]
            if not all(0 <= count < math.inf for count in cast):
                raise DataError(f"{path}, line {line}: a vote is not a number")
            votes.append(cast)
    cells = np.array(votes, np.float32).reshape(-1, len(VOTES) + len(OTHERS))
    counts = cells[:, : len(VOTES)]
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    # On counts: a share of 0.5 that is rounded up would make a majority of a half.
    clear = 2 * counts.max(axis=1, initial=0) > cells.sum(axis=1)
    agreed = np.where(clear, counts.argmax(axis=1), NO_MAJORITY).tolist()
    return dict(zip(rows, map(Ballot, shares, agreed), strict=True))
