"""FER+: the votes of ten annotators on each picture of FER2013 (Barsoum et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    try:
        table = pd.read_csv(path).rename(columns=lambda name: name.strip())
    except (ValueError, OSError) as error:  # pandas' own errors derive from ValueError
        raise DataError(f"{path}: not a CSV file: {error}") from error
    needed = [*VOTES, *OTHERS, *(["csv_row"] if is_numbered else [])]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise DataError(f"{path}: column {', '.join(missing)} is missing")
    cells = table[[*VOTES, *OTHERS]].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
    wrong = ~np.isfinite(cells).all(axis=1) | (cells < 0).any(axis=1)
    if wrong.any():
        raise DataError(f"{path}, line {int(wrong.argmax()) + 2}: a vote is not a number")
    counts = cells[:, : len(VOTES)]
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    # On counts: a share of 0.5 that is rounded up would make a majority of a half.
    clear = 2 * counts.max(axis=1, initial=0) > cells.sum(axis=1)
    agreed = np.where(clear, counts.argmax(axis=1), NO_MAJORITY).tolist()
    rows = table["csv_row"].tolist() if is_numbered else range(len(table))
    return dict(zip(rows, map(Ballot, shares, agreed), strict=True))
