"""FER2013: rows cleaned, split by content, errors that name the row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveil.training.errors import DataError
from surveil.training.faces import Split
from surveil.training.fer2013 import read_fer2013, unrepeated


def test_blank_rows_and_rows_equal_to_a_test_row_are_dropped(fer_dir: Path) -> None:
    faces, dropped = read_fer2013(fer_dir, validation_percent=0)
    assert (dropped.equal_to_test, dropped.blank) == (1, 1)
    assert dropped.in_test == {faces.only(Split.TEST).digests()[2]}
    assert len(faces.only(Split.TRAIN)) == 26
    assert len(faces.only(Split.TEST)) == 7
    assert not set(faces.only(Split.TRAIN).digests()) & set(faces.only(Split.TEST).digests())
    assert "3" not in faces.only(Split.TRAIN).names


def test_equal_pictures_are_never_in_two_splits(fer_dir: Path) -> None:
    faces, _ = read_fer2013(fer_dir, validation_percent=50)
    train, held = faces.only(Split.TRAIN), faces.only(Split.VALIDATION)
    assert len(train) > 5
    assert len(held) > 5
    assert not set(train.digests()) & set(held.digests())
    assert len(set(held.digests())) == len(held)


def test_labels_stay_with_their_pictures(fer_dir: Path) -> None:
    faces, _ = read_fer2013(fer_dir, validation_percent=0)
    row = faces.names.tolist().index("20")  # the repetition of row 0 in the second file
    first = faces.names.tolist().index("0")
    np.testing.assert_array_equal(faces.frames[row], faces.frames[first])
    assert (faces.labels[first], faces.labels[row]) == (0, 6)


def test_votes_are_shares_by_row(fer_dir: Path) -> None:
    columns = [
        "neutral",
        "happiness",
        "surprise",
        "sadness",
        "anger",
        "disgust",
        "fear",
        "contempt",
        "unknown",
        "NF",
    ]
    table = pd.DataFrame([[1, 3, 0, 0, 0, 0, 0, 4, 1, 1]], columns=columns)
    table.insert(0, "csv_row", 0)
    table.to_csv(fer_dir / "ferplus_train.csv", index=False)
    faces, _ = read_fer2013(fer_dir, validation_percent=0)
    np.testing.assert_allclose(faces.votes[0], [0, 0, 0, 0.75, 0, 0, 0.25])
    assert faces.votes[1:].sum() == 0


def test_unrepeated_leaves_out_what_occurs_elsewhere_or_twice(fer_dir: Path) -> None:
    faces, _ = read_fer2013(fer_dir, validation_percent=0)
    test = faces.only(Split.TEST)
    repeated = test.where(np.array([0, 1, 1, 2]))
    known = frozenset(test.where(np.array([2])).digests())
    assert unrepeated(repeated, known).tolist() == [True, False, False, False]


def test_missing_file_is_named(fer_dir: Path) -> None:
    (fer_dir / "train-1.parquet").unlink()
    with pytest.raises(DataError, match=r"train-1\.parquet: no such file"):
        read_fer2013(fer_dir, validation_percent=0)


def test_missing_column_is_named(fer_dir: Path) -> None:
    path = fer_dir / "publictest.parquet"
    pd.read_parquet(path).drop(columns="emotion").to_parquet(path)
    with pytest.raises(DataError, match=r"publictest\.parquet: column emotion"):
        read_fer2013(fer_dir, validation_percent=0)


@pytest.mark.parametrize(("column", "value"), [("emotion", 9), ("image", b"not a picture")])
def test_bad_row_is_named(fer_dir: Path, column: str, value: object) -> None:
    path = fer_dir / "train-0.parquet"
    table = pd.read_parquet(path)
    table.at[4, column] = value
    table.to_parquet(path)
    with pytest.raises(DataError, match="row 4"):
        read_fer2013(fer_dir, validation_percent=0)
