"""Cut-out faces in folders named after expressions."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from surveil.training.data.class_folders import read_class_folders
from surveil.training.errors import DataError
from surveil.training.faces import Split


def write(path: Path, seed: int = 0, shape: tuple[int, ...] = (48, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def test_classes_and_splits_come_from_the_folders(tmp_path: Path) -> None:
    for place in ("train/happy/b.png", "train/Anger/a.png", "test/6/c.png", "val/sadness/d.png"):
        write(tmp_path / place)
    faces = read_class_folders(tmp_path)
    rows = zip(faces.names, faces.labels.tolist(), faces.splits, strict=True)
    assert [tuple(row) for row in rows] == [
        ("test/6/c.png", 6, Split.TEST),
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


def test_unreadable_picture_is_named(tmp_path: Path) -> None:
    write(tmp_path / "happy/a.png")
    (tmp_path / "happy/b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"happy/b\.png: not a readable picture"):
        read_class_folders(tmp_path)


def test_empty_split_is_named(tmp_path: Path) -> None:
    write(tmp_path / "train/happy/a.png")
    (tmp_path / "test/happy").mkdir(parents=True)
    with pytest.raises(DataError, match="test: the test split is empty"):
        read_class_folders(tmp_path)


def test_folders_without_a_picture_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    with pytest.raises(DataError, match="there is no picture"):
        read_class_folders(tmp_path)
