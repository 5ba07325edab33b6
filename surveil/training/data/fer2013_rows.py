"""FER2013's rows, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS
from surveil.training.data.ferplus import Ballot, Votes
from surveil.training.faces import NO_MAJORITY, Faces, Split

SOURCE = "fer2013"
SIDE_PX = 48


class Usage(StrEnum):
    """FER2013's own split, in the order of its rows."""

    TRAINING = "Training"
    PUBLIC_TEST = "PublicTest"
    PRIVATE_TEST = "PrivateTest"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (from 0, over all usages), label 0..6, and grey frame ``(48, 48)``."""

    number: int
    emotion: int
    frame: NDArray[np.uint8]
    usage: Usage


def faces_of(rows: Sequence[Row], split: Split, votes: Votes) -> Faces:
    """Return rows as faces of a split, in order."""
    count = len(rows)
    nobody = Ballot(np.zeros(len(EMOTIONS), np.float32), NO_MAJORITY)
    frames = np.empty((count, SIDE_PX, SIDE_PX), np.uint8)
    shares = np.empty((count, len(EMOTIONS)), np.float32)
    agreed = np.empty(count, np.int64)
    for index, row in enumerate(rows):
        ballot = votes.get(row.number, nobody)
        frames[index], shares[index], agreed[index] = row.frame, ballot.shares, ballot.agreed
    return Faces(
        frames=frames,
        labels=np.array([row.emotion for row in rows], np.int64),
        votes=shares,
        splits=np.full(count, split.value, dtype="<U10"),
        sources=np.full(count, SOURCE, dtype="<U32"),
        people=np.full(count, "", dtype="<U64"),
        names=np.array([str(row.number) for row in rows], dtype="<U96"),
        agreed=agreed,
    )
