"""Cut-out faces in folders named after expressions."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from surveil.domain import EMOTIONS
from surveil.training.data.class_folders import is_class_folder, read_class_folders
from surveil.training.data.class_names import ClassNames
from surveil.training.errors import DataError
from surveil.training.faces import Split


def write(path: Path, seed: int = 0, shape: tuple[int, ...] = (48, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def test_classes_and_splits_come_from_the_folders(tmp_path: Path) -> None:
    for place in (
        "train/happy/b.png",
        "train/Anger/a.png",
        "test/neutral/c.png",
        "val/sadness/d.png",
    ):
        write(tmp_path / place)
    faces = read_class_folders(tmp_path)
    rows = zip(faces.names, faces.labels.tolist(), faces.splits, strict=True)
    assert [tuple(row) for row in rows] == [
        ("test/neutral/c.png", 6, Split.TEST),
        ("train/Anger/a.png", 0, Split.TRAIN),
        ("train/happy/b.png", 3, Split.TRAIN),
        ("val/sadness/d.png", 4, Split.VALIDATION),
    ]
    assert set(faces.sources.tolist()) == {tmp_path.name}


def test_grey_pixels_are_kept_exactly(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png", seed=3)
    pixels = np.random.default_rng(3).integers(0, 256, (48, 48), dtype=np.uint8)
    np.testing.assert_array_equal(read_class_folders(tmp_path).frames[0], pixels)


def test_pictures_are_brought_to_size_and_colour(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png", shape=(60, 40, 3))
    write(tmp_path / "sad/b.jpg", shape=(30, 30))
    assert read_class_folders(tmp_path, frame_px=100, channels=3).frames.shape == (2, 100, 100, 3)
    assert read_class_folders(tmp_path).frames.shape == (2, 48, 48)


def test_unknown_class_is_named_with_those_known(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png")
    write(tmp_path / "hapy/a.png")
    with pytest.raises(
        DataError, match=r"hapy: no taxonomy .*did you mean 'happy'\? Known are ang"
    ):
        read_class_folders(tmp_path)


def test_the_folders_found_are_named_with_an_unknown_class(tmp_path: Path) -> None:
    for name in ("happy", "contempt", "sad"):
        write(tmp_path / name / "a.png")
    with pytest.raises(DataError, match=r"Found here: contempt, happy, sad.*--leave-out"):
        read_class_folders(tmp_path)
    aside: Counter[str] = Counter()
    faces = read_class_folders(
        tmp_path, names=ClassNames(left_out=frozenset({"Contempt"})), aside=aside
    )
    assert faces.names.tolist() == ["happy/a.png", "sad/a.png"]
    assert aside == {"class contempt left out": 1}


def test_digits_need_to_be_told_whose_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("0", "1", "3"):
        write(tmp_path / name / "a.png")
    assert is_class_folder(tmp_path)
    with pytest.raises(DataError, match=r"--digits .*fer2013: 0 angry, .*affectnet: 0 neutral"):
        read_class_folders(tmp_path)
    faces = read_class_folders(tmp_path, names=ClassNames("affectnet"))
    assert [EMOTIONS[label].value for label in faces.labels] == ["neutral", "happy", "surprise"]
    assert "classes in the order of affectnet: 0 neutral, 1 happy, 3 surprise" in caplog.text
    with pytest.raises(DataError, match="raf-db has no class '0'; it has 1, 2"):
        read_class_folders(tmp_path, names=ClassNames("raf-db"))


def test_one_bad_picture_is_set_aside_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "happy/a.png")
    write(tmp_path / "happy/wide.png", seed=1, shape=(20, 60))
    (tmp_path / "happy/b.png").write_bytes(b"no picture")
    (tmp_path / "happy/empty.jpg").touch()
    aside: Counter[str] = Counter()
    faces = read_class_folders(tmp_path, aside=aside)
    assert faces.names.tolist() == ["happy/a.png", "happy/wide.png"]
    assert aside == {"unreadable": 2}
    assert "happy/b.png: not a readable picture" in caplog.text


def test_what_is_no_picture_is_passed_over_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png")
    for name in ("b.heic", "c.AVIF", "d.gif", "._a.png", "notes"):
        (tmp_path / "happy" / name).write_bytes(b"x")
    write(tmp_path / "happy/__MACOSX/e.png")
    write(tmp_path / "__MACOSX/happy/f.png")
    write(tmp_path / "g.png")
    (tmp_path / "happy/gone.png").symlink_to(tmp_path / "nowhere.png")
    aside: Counter[str] = Counter()
    assert read_class_folders(tmp_path, aside=aside).names.tolist() == ["happy/a.png"]
    kinds = (".heic", ".avif", ".gif", "hidden", "no suffix", "dangling link")
    assert aside == {f"passed over: {kind}": 1 for kind in kinds} | {
        "passed over: __MACOSX": 2,
        "in no class folder": 1,
    }


def test_what_lies_beside_the_folders_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "train/happy/a.png")
    write(tmp_path / "b.png")
    write(tmp_path / "train/c.png")
    for name in ("d.HEIC", "train/e.heic", "README.md", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "train/gone.png").symlink_to(tmp_path / "nowhere.png")
    aside: Counter[str] = Counter()
    assert len(read_class_folders(tmp_path, aside=aside)) == 1
    assert aside == {
        "in no class folder": 2,
        "passed over: .heic": 2,
        "passed over: .md": 1,
        "passed over: hidden": 1,
        "passed over: dangling link": 1,
    }


def test_a_jpeg_of_any_suffix_is_read(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.jpg")
    (tmp_path / "happy/a.jpg").rename(tmp_path / "happy/a.jfif")
    assert read_class_folders(tmp_path).names.tolist() == ["happy/a.jfif"]


def test_names_that_are_no_utf_8_are_read(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png")
    name = os.fsdecode(b"\xe9t\xe9.png")
    (tmp_path / "happy/a.png").rename(tmp_path / "happy" / name)
    (said,) = read_class_folders(tmp_path).names.tolist()
    assert said == r"happy/\xe9t\xe9.png"
    assert said.encode()


def test_empty_split_is_named(tmp_path: Path) -> None:
    write(tmp_path / "train/happy/a.png")
    (tmp_path / "test/happy").mkdir(parents=True)
    with pytest.raises(DataError, match="test: the test split is empty"):
        read_class_folders(tmp_path)


def test_folders_without_a_picture_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    with pytest.raises(DataError, match="there is no picture"):
        read_class_folders(tmp_path)


def test_the_maker_whose_digits_they_all_are_is_hinted_at(tmp_path: Path) -> None:
    for name in "1234567":
        write(tmp_path / name / "a.png")
    with pytest.raises(DataError, match=r"raf-db alone has 1, .*, 7: try --digits raf-db"):
        read_class_folders(tmp_path)
    write(tmp_path / "0/a.png")
    with pytest.raises(DataError, match=r"7 neutral$"):
        read_class_folders(tmp_path)


def test_a_picture_that_is_too_long_to_be_of_a_face_is_set_aside(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png")
    write(tmp_path / "happy/four.png", seed=1, shape=(40, 160))
    write(tmp_path / "happy/wide.png", shape=(1, 5000))
    write(tmp_path / "happy/high.png", shape=(161, 40))
    aside: Counter[str] = Counter()
    faces = read_class_folders(tmp_path, aside=aside)
    assert faces.names.tolist() == ["happy/a.png", "happy/four.png"]
    assert aside == {"sides beyond 4:1": 2}


def test_without_a_usable_picture_the_reasons_are_told(tmp_path: Path) -> None:
    write(tmp_path / "happy/wide.png", shape=(1, 5000))
    (tmp_path / "happy/empty.jpg").touch()
    with pytest.raises(DataError, match=r"none of its 2 pictures .*1 unreadable.*1 sides beyond"):
        read_class_folders(tmp_path)
