"""Read FER2013 as lossless pictures in parquet, with the FER+ votes beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveil.domain import EMOTIONS
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, join, percentile_of

SOURCE = "fer2013"
SIDE_PX = 48
_VOTES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""FER+'s names for the emotions in the order of ``EMOTIONS``; contempt, unknown and NF are left."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Training rows that were left out.

    Attributes:
        equal_to_test: How many equal a PublicTest row.
        blank: How many of the others are blank.
        in_test: Digests of the PublicTest pictures that were among the training rows.
    """

    equal_to_test: int
    blank: int
    in_test: frozenset[str]


def read_fer2013(folder: Path, *, validation_percent: int) -> tuple[Faces, Dropped]:
    """Return the training and PublicTest rows, cleaned and split.

    Training rows that equal a PublicTest row, and blank ones, are dropped. Of the rest,
    ``validation_percent`` (by hash of the pixels, so that equal pictures stay together) become the
    validation split, and repetitions of a picture are dropped from that split. PublicTest is the
    test split, whole and in order.

    Raises:
        DataError: A file is missing, a column is missing, or a picture is not 48x48.
    """
    train = pd.concat([_read_table(folder / f"train-{part}.parquet") for part in (0, 1)])
    test = _read_table(folder / "publictest.parquet")
    train_faces = _faces(train, Split.TRAIN, _read_votes(folder / "ferplus_train.csv"))
    test_faces = _faces(test, Split.TEST, _read_votes(folder / "ferplus_publictest.csv"))
    known = set(test_faces.digests())
    digests = np.array(train_faces.digests())
    repeats = np.array([digest in known for digest in digests])
    blank = np.ptp(train_faces.frames.reshape(len(train_faces), -1), axis=1) == 0
    held = np.array([percentile_of(digest) < validation_percent for digest in digests])
    train_faces.splits[held] = Split.VALIDATION.value
    first = np.zeros(len(digests), bool)
    first[np.unique(digests, return_index=True)[1]] = True
    kept = train_faces.where(~repeats & ~blank & (first | ~held))
    dropped = Dropped(
        int(repeats.sum()), int((blank & ~repeats).sum()), frozenset(digests[repeats].tolist())
    )
    return join([kept, test_faces]), dropped


def unrepeated(faces: Faces, known: frozenset[str]) -> NDArray[np.bool_]:
    """Return which faces of a test split are free of duplicates, shape ``(N,)``.

    A face counts if its digest is not ``known`` from the training rows and occurs only once.
    """
    digests = faces.digests()
    counts = Counter(digests)
    return np.array([d not in known and counts[d] == 1 for d in digests], dtype=bool)


def _read_table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    table = pd.read_parquet(path)
    missing = {"csv_row", "emotion", "image"} - set(table.columns)
    if missing:
        raise DataError(f"{path}: column {', '.join(sorted(missing))} is missing")
    wrong = table[~table.emotion.isin(range(len(EMOTIONS)))]
    if len(wrong):
        raise DataError(f"{path}: row {wrong.csv_row.iloc[0]}: emotion is not in 0..6")
    return table


def _read_votes(path: Path) -> dict[int, NDArray[np.float32]]:
    """Return the vote shares by ``csv_row``; an absent file gives none."""
    if not path.is_file():
        return {}
    table = pd.read_csv(path)
    counts = table[list(_VOTES)].to_numpy(np.float32)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    return dict(zip(table.csv_row.tolist(), shares, strict=True))


def _faces(table: pd.DataFrame, split: Split, votes: dict[int, NDArray[np.float32]]) -> Faces:
    frames = np.empty((len(table), SIDE_PX, SIDE_PX), np.uint8)
    rows = table.csv_row.tolist()
    for index, data in enumerate(table.image):
        frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if frame is None or frame.shape != (SIDE_PX, SIDE_PX):
            raise DataError(f"FER2013 row {rows[index]}: not a picture of {SIDE_PX}x{SIDE_PX}")
        frames[index] = frame
    nobody = np.zeros(len(EMOTIONS), np.float32)
    count = len(table)
    return Faces(
        frames=frames,
        labels=table.emotion.to_numpy(np.int64),
        votes=np.stack([votes.get(row, nobody) for row in rows]),
        splits=np.full(count, split.value, dtype="<U10"),
        sources=np.full(count, SOURCE, dtype="<U32"),
        people=np.full(count, "", dtype="<U64"),
        names=np.array([str(row) for row in rows], dtype="<U96"),
    )
