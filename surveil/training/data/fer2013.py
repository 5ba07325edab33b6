"""Read FER2013 from parquet, Kaggle's CSV or class folders, cleaned and split the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from surveil.domain import EMOTIONS
from surveil.training.data import fer2013_csv
from surveil.training.data.class_folders import is_class_folder, read_class_folders
from surveil.training.data.class_names import ClassNames
from surveil.training.data.fer2013_rows import SIDE_PX, SOURCE, Row, Usage, faces_of
from surveil.training.data.ferplus import read_votes
from surveil.training.data.parquet import read_parquet
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, join, mark_repeated, percentile_of

__all__ = [
    "SIDE_PX",
    "SOURCE",
    "Dropped",
    "clean",
    "is_fer2013",
    "read_fer2013",
    "read_uncleaned",
]

_PARQUET = {
    Usage.TRAINING: ("train-0.parquet", "train-1.parquet"),
    Usage.PUBLIC_TEST: ("publictest.parquet",),
    Usage.PRIVATE_TEST: ("privatetest.parquet",),
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """Training rows that were left out.

    Attributes:
        equal_to_test: How many equal a PublicTest row.
        blank: How many of the others are blank.
    """

    equal_to_test: int
    blank: int


def read_fer2013(
    path: Path, *, validation_percent: int, final_exam: bool = False
) -> tuple[Faces, Dropped]:
    """Return the training and PublicTest rows, cleaned and split.

    Training rows that equal a PublicTest row, and blank ones, are dropped. Of the rest,
    ``validation_percent`` (by hash of the pixels, so that equal pictures stay together) become the
    validation split, and repetitions of a picture are dropped from that split. PublicTest is the
    test split, whole and in order; its faces that occur more than once among the rows of both are
    marked as ``repeated``. However the pixels are stored, the faces are the same.

    Args:
        path: A folder of parquet files, of one of Kaggle's CSV files, or of class folders; or such
            a CSV file itself.
        validation_percent: Of the training rows, 0..100.
        final_exam: Give PrivateTest as the test split in place of PublicTest. Training and
            validation stay what they are, and its faces count as repeated if training,
            validation or choosing by PublicTest has seen them. PrivateTest is not read otherwise.

    Raises:
        DataError: A file or column is missing, or a row is wrong: it is named.
    """
    train, public, exam = _read(path, final_exam=final_exam)
    faces, dropped = clean(train, public, validation_percent)
    if exam is None:
        return faces, dropped
    return join([faces.where(faces.splits != Split.TEST.value), exam]), dropped


def read_uncleaned(path: Path) -> Faces:
    """Return the training and PublicTest rows as they are stored, all in order.

    Raises:
        DataError: See :func:`read_fer2013`.
    """
    train, public, _ = _read(path, final_exam=False)
    return join([train, public])


def clean(train: Faces, test: Faces, validation_percent: int) -> tuple[Faces, Dropped]:
    """Return both collections as :func:`read_fer2013` cleans and splits them.

    Faces of ``train`` that have the split validation already stay in it, and then no others are
    drawn.
    """
    digests = np.array(train.digests(), dtype="<U64")
    repeats = np.isin(digests, np.array(test.digests(), dtype="<U64"))
    blank = np.ptp(train.frames, axis=tuple(range(1, train.frames.ndim))) == 0
    held = train.splits == Split.VALIDATION.value
    if not held.any():
        held = np.array([percentile_of(digest) < validation_percent for digest in digests], bool)
    splits = np.where(held, Split.VALIDATION.value, Split.TRAIN.value).astype("<U10")
    first = np.zeros(len(digests), bool)
    first[np.unique(digests, return_index=True)[1]] = True
    kept = replace(train, splits=splits).where(~repeats & ~blank & (first | ~held))
    return join([kept, test]), Dropped(int(repeats.sum()), int((blank & ~repeats).sum()))


def is_fer2013(folder: Path) -> bool:
    """Return whether a folder holds FER2013 as parquet or as one of Kaggle's CSV files."""
    return _kind(folder) in ("parquet", "csv")


def _read(path: Path, *, final_exam: bool) -> tuple[Faces, Faces, Faces | None]:
    """Return the rows of Training, of PublicTest and, if asked for, of PrivateTest."""
    if path.is_dir() and _kind(path) == "class folders":
        if final_exam:
            raise DataError(f"{path}: class folders do not say what PrivateTest is")
        faces = read_class_folders(
            path, frame_px=SIDE_PX, source=SOURCE, names=ClassNames(digits=SOURCE)
        )
        return faces.where(faces.splits != Split.TEST.value), faces.only(Split.TEST), None
    usages = [Usage.TRAINING, Usage.PUBLIC_TEST, *([Usage.PRIVATE_TEST] if final_exam else [])]
    rows: dict[Usage, list[Row]] = {usage: [] for usage in usages}
    for row in _rows(path, usages):
        rows[row.usage].append(row)
    for usage, some in rows.items():
        if not some:
            raise DataError(f"{path}: it has no row of {usage.value}; that split would be empty")
    votes = read_votes(path if path.is_dir() else path.parent)
    train, public, *exam = mark_repeated(
        [
            faces_of(some, Split.TRAIN if usage is Usage.TRAINING else Split.TEST, votes)
            for usage, some in rows.items()
        ]
    )
    return train, public, exam[0] if exam else None


def _kind(folder: Path) -> str:
    if any((folder / name).is_file() for names in _PARQUET.values() for name in names):
        return "parquet"
    if any((folder / name).is_file() for name in fer2013_csv.FILES):
        return "csv"
    return "class folders" if is_class_folder(folder) else "nothing"


def _rows(path: Path, usages: list[Usage]) -> Iterator[Row]:
    if path.is_file():
        yield from fer2013_csv.read_rows(path, frozenset(usages))
        return
    kind = _kind(path) if path.is_dir() else "nothing"
    if kind == "csv":
        files = [path / name for name in fer2013_csv.FILES if (path / name).is_file()]
        yield from fer2013_csv.read_rows(files[0], frozenset(usages))
    elif kind == "parquet":
        for usage in usages:
            for name in _PARQUET[usage]:
                yield from _parquet_rows(path / name, usage)
    elif path.is_dir():
        raise DataError(
            f"{path}: neither {' nor '.join(fer2013_csv.FILES)} nor train-0.parquet nor class "
            "folders are in it"
        )
    else:
        raise DataError(f"{path}: no such file or folder")


def _parquet_rows(path: Path, usage: Usage) -> Iterator[Row]:
    table = read_parquet(path, ("csv_row", "emotion", "image"))
    wrong = table[~table.emotion.isin(range(len(EMOTIONS)))]
    if len(wrong):
        raise DataError(f"{path}: row {wrong.csv_row.iloc[0]}: emotion is not in 0..6")
    for number, emotion, data in zip(table.csv_row, table.emotion, table.image, strict=True):
        frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if frame is None or frame.shape != (SIDE_PX, SIDE_PX):
            raise DataError(f"{path}: row {number}: not a picture of {SIDE_PX}x{SIDE_PX}")
        yield Row(int(number), int(emotion), np.asarray(frame, np.uint8), usage)
