"""FER2013: rows cleaned, split by content, errors that name the row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from kit.models import make_faces

from surveil.training.data.fer2013 import read_fer2013, read_uncleaned
from surveil.training.errors import DataError
from surveil.training.faces import COLUMNS, NO_MAJORITY, Split, join
from surveil.training.measure.evaluation import parts_of


def test_blank_rows_and_rows_equal_to_a_test_row_are_dropped(fer_dir: Path) -> None:
    faces, dropped = read_fer2013(fer_dir, validation_percent=0)
    assert (dropped.equal_to_test, dropped.blank) == (1, 1)
    assert np.flatnonzero(faces.only(Split.TEST).repeated).tolist() == [2]
    assert not faces.only(Split.TRAIN).repeated.any()
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


FERPLUS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def write_votes(folder: Path, *rows: str) -> None:
    (folder / "ferplus_train.csv").write_text("\n".join([f"csv_row,{FERPLUS}", *rows]) + "\n")


def test_votes_are_shares_by_row(fer_dir: Path) -> None:
    write_votes(fer_dir, "0,1,3,0,0,0,0,0,4,1,1")
    faces, _ = read_fer2013(fer_dir, validation_percent=0)
    np.testing.assert_allclose(faces.votes[0], [0, 0, 0, 0.75, 0, 0, 0.25])
    assert faces.votes[1:].sum() == 0


def test_a_majority_is_one_of_all_votes(fer_dir: Path) -> None:
    write_votes(
        fer_dir,
        "0,1,6,0,0,0,0,0,3,0,0",  # six of ten
        "1,0,5,0,0,0,0,0,5,0,0",  # a half is no majority, though all votes for emotions agree
        "2,0,0,0,0,4,0,0,2,2,2",
        "4,0,0,0,0,5,0,0,2,2,0",  # five of nine
        "5,0,0,1,0,0,0,0,9,0,0",  # contempt is none of the seven
        "6,0,0,0,0,0,0,0,0,0,10",
    )
    faces, _ = read_fer2013(fer_dir, validation_percent=0)
    named = dict(zip(faces.names.tolist(), faces.agreed.tolist(), strict=True))
    assert {name: at for name, at in named.items() if at != NO_MAJORITY} == {"0": 3, "4": 0}
    # Training learns the shares among the seven as before.
    np.testing.assert_allclose(faces.votes[:3].max(axis=1), [6 / 7, 1, 1])


def test_votes_without_those_for_no_emotion_are_refused(fer_dir: Path) -> None:
    (fer_dir / "ferplus_train.csv").write_text(
        f"csv_row,{FERPLUS.removesuffix(',unknown,NF')}\n0,1,3,0,0,0,0,0,4\n"
    )
    with pytest.raises(DataError, match=r"ferplus_train\.csv: column unknown, NF is missing"):
        read_fer2013(fer_dir, validation_percent=0)


def test_what_occurs_in_training_or_twice_is_repeated_at_any_size(fer_dir: Path) -> None:
    path = fer_dir / "publictest.parquet"
    table = pd.read_parquet(path)
    first: Any = table.at[0, "image"]
    table.at[5, "image"] = first
    table.to_parquet(path)
    faces, _ = read_fer2013(fer_dir, validation_percent=30)
    # Row 2 is also the training row that is dropped.
    assert np.flatnonzero(faces.only(Split.TEST).repeated).tolist() == [0, 2, 5]
    assert faces.repeated.sum() == 3
    large = replace(
        make_faces(3, "test", source="own"), frames=np.zeros((3, 108, 108, 3), np.uint8)
    )
    enlarged = join([faces, large])
    assert enlarged.frames.shape[1:] == (108, 108, 3)
    test = enlarged.only(Split.TEST)
    assert np.flatnonzero(test.repeated).tolist() == [0, 2, 5]
    assert dict(parts_of(test, Split.TEST))["fer2013 without duplicates"].at.tolist() == [
        1,
        3,
        4,
        6,
    ]


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
def test_bad_row_is_named(fer_dir: Path, column: str, value: Any) -> None:
    path = fer_dir / "train-0.parquet"
    table = pd.read_parquet(path)
    table.at[4, column] = value
    table.to_parquet(path)
    with pytest.raises(DataError, match="row 4"):
        read_fer2013(fer_dir, validation_percent=0)


ORDERS = {
    "fer2013.csv": ("emotion,pixels,Usage", "{emotion},{pixels},{usage}"),
    "icml_face_data.csv": ("emotion, Usage, pixels", "{emotion}, {usage}, {pixels}"),
}


def csv_rows(folder: Path) -> list[dict[str, object]]:
    """Return a folder's parquet files as rows of Kaggle's CSV, with PrivateTest behind."""
    rows: list[dict[str, object]] = []
    for name, usage in (
        ("train-0", "Training"),
        ("train-1", "Training"),
        ("publictest", "PublicTest"),
        ("train-0", "PrivateTest"),
    ):
        table = pd.read_parquet(folder / f"{name}.parquet")
        for emotion, data in zip(table.emotion, table.image, strict=True):
            frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert frame is not None
            pixels = " ".join(str(value) for value in frame.ravel().tolist())
            rows.append({"emotion": emotion, "pixels": pixels, "usage": usage})
    return rows


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    header, line = ORDERS[path.name]
    path.write_text("\n".join([header, *(line.format(**row) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("name", list(ORDERS))
@pytest.mark.parametrize("from_folder", [True, False])
def test_csv_gives_the_same_faces_as_parquet(
    fer_dir: Path, tmp_path: Path, name: str, from_folder: bool
) -> None:
    other = tmp_path / "kaggle"
    other.mkdir()
    path = write_csv(other / name, csv_rows(fer_dir))
    write_votes(fer_dir, "4,1,3,0,0,0,0,0,0,0,0")
    (other / "ferplus_train.csv").write_bytes((fer_dir / "ferplus_train.csv").read_bytes())
    faces, dropped = read_fer2013(fer_dir, validation_percent=30)
    same, same_dropped = read_fer2013(other if from_folder else path, validation_percent=30)
    assert same_dropped == dropped
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(same, column), getattr(faces, column))
    assert faces.votes.sum() == 1


def test_class_folders_are_cleaned_like_the_rest(fer_dir: Path, tmp_path: Path) -> None:
    faces, dropped = read_fer2013(fer_dir, validation_percent=30)
    raw = read_uncleaned(fer_dir)
    for index in range(len(raw)):
        folder = tmp_path / "folders" / str(raw.splits[index]) / str(raw.labels[index])
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{raw.names[index]}.png"), raw.frames[index])
    same, same_dropped = read_fer2013(tmp_path / "folders", validation_percent=30)
    assert same_dropped == dropped
    for split in Split:
        assert sorted(same.only(split).digests()) == sorted(faces.only(split).digests())
    assert same.repeated.sum() == faces.repeated.sum() == 1


def test_private_test_is_read_for_the_final_exam_only(fer_dir: Path, tmp_path: Path) -> None:
    rows = csv_rows(fer_dir)
    exam_row = next(n for n, row in enumerate(rows) if row["usage"] == "PrivateTest")
    rows[exam_row]["pixels"] = "unreadable"
    path = write_csv(tmp_path / "fer2013.csv", rows)
    faces, _ = read_fer2013(path, validation_percent=0)
    assert len(faces.only(Split.TEST)) == 7
    with pytest.raises(DataError, match=rf"row {exam_row} \(line {exam_row + 2}\)"):
        read_fer2013(path, validation_percent=0, final_exam=True)
    path = write_csv(tmp_path / "fer2013.csv", csv_rows(fer_dir))
    exam, _ = read_fer2013(path, validation_percent=0, final_exam=True)
    assert exam.only(Split.TEST).names.tolist() == [str(n) for n in range(35, 49)]
    assert exam.only(Split.TRAIN).digests() == faces.only(Split.TRAIN).digests()
    # All of the exam was copied from training here.
    assert exam.only(Split.TEST).repeated.all()


def test_an_empty_file_of_votes_is_named(fer_dir: Path) -> None:
    (fer_dir / "ferplus_publictest.csv").write_text("")
    with pytest.raises(DataError, match=r"ferplus_publictest\.csv: column anger.* is missing"):
        read_fer2013(fer_dir, validation_percent=5)


def test_votes_of_the_original_file_are_by_position(fer_dir: Path, tmp_path: Path) -> None:
    columns = f"Usage,Image name,{FERPLUS}"
    lines = [columns, *["Training,,0,1,0,0,0,0,0,0,0,9"] * 2, "Training,,0,0,0,0,4,0,0,0,0,0"]
    (tmp_path / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    path = write_csv(tmp_path / "fer2013.csv", csv_rows(fer_dir))
    faces, _ = read_fer2013(path, validation_percent=0)
    assert faces.votes[:3].argmax(axis=1).tolist() == [3, 3, 0]
    assert faces.votes[3:].sum() == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("emotion,pixel,Usage\n0,1 2,Training\n", "column pixels is missing"),
        ("", "column emotion, pixels, Usage is missing"),
        ("emotion,pixels,Usage\n0,1 2 3,Training\n", r"row 0 \(line 2\): 3 pixels instead of 2304"),
        ("emotion,pixels,Usage\n0,1 x 3,Training\n", r"row 0 .*not numbers of 0\.\.255.*'x'"),
        ("emotion,pixels,Usage\n0,1 256,Training\n", r"row 0 .*not numbers of 0\.\.255"),
        ("emotion,pixels,Usage\n7,1,Training\n", r"row 0 .*emotion '7' is not in 0\.\.6"),
        ("emotion,pixels,Usage\n0,1,Testing\n", r"row 0 .*Usage 'Testing' is none of"),
        ("emotion,pixels,Usage\n0,1\n", "line 2: the line has fewer values"),
        ("emotion,pixels,Usage\n", "it has no row of Training; that split would be empty"),
    ],
)
def test_wrong_csv_is_named_with_its_row(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=rf"fer2013\.csv[:,] {message}"):
        read_fer2013(path, validation_percent=5)


def test_folder_without_fer2013_says_what_was_sought(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither fer2013\.csv .* nor class folders"):
        read_fer2013(tmp_path, validation_percent=5)
