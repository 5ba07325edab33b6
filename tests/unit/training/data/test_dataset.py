"""All sources of a run together, at one size and in one colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from kit.detectors import ByDetecting
from numpy.typing import NDArray

from surveil.classify import crop_face, to_frame
from surveil.domain import Box, Detection, Emotion
from surveil.training.config import TrainConfig
from surveil.training.data.dataset import Dataset, load_dataset
from surveil.training.data.dataset_folder import FACES, MANIFEST, write_face
from surveil.training.data.manifest import Entry, text_of
from surveil.training.errors import DataError
from surveil.training.faces import Split

FACE = Box(20, 20, 70, 80)
RULES = {"site": {"test_percent": 40, "validation_percent": 20}}
COLOUR = {
    "architecture": {"kind": "resnet-small", "width": 8, "channels": 3},
    "input": {"frame_px": 100, "crop_px": 92},
    "phases": [{"until": 1.0, "px": 92}],
}


class OneFace(ByDetecting):
    """Finds the same box in every picture, and counts the pictures."""

    def __init__(self) -> None:
        self.pictures = 0

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        self.pictures += len(frames)
        return [[Detection(FACE, 0.99, np.zeros((5, 2), np.float32))] for _ in frames]


def picture(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (100, 100, 3), dtype=np.uint8)


def load(folder: Path, data: dict[str, Any], detector: OneFace, **more: Any) -> Dataset:
    config = TrainConfig.model_validate({"name": "test", "data": data, **more})
    return load_dataset(config, folder, folder / "cache", lambda: detector)


@pytest.fixture
def data(fer_dir: Path) -> Path:
    """FER2013, 12 custom photographs, and an imported dataset of two faces."""
    folder = fer_dir.parent
    pd.DataFrame(
        {
            "name": [f"{n}.png" for n in range(12)],
            "source": "site",
            "person": [f"p{n}" for n in range(12)],
            "emotion": 3,
            "image": [cv2.imencode(".png", picture(n)[:, :, ::-1])[1].tobytes() for n in range(12)],
        }
    ).to_parquet(folder / "custom.parquet")
    (folder / "imported" / FACES).mkdir(parents=True)
    digests = [write_face(folder / "imported", to_frame(picture(n), 64, 3)) for n in (50, 51)]
    entries = [
        Entry(digests[0], "shop", "a", "anna", Split.TRAIN, Emotion.SAD, "till"),
        Entry(digests[1], "shop", "b", "bert", Split.TEST, Emotion.SAD),
    ]
    (folder / "imported" / MANIFEST).write_text(text_of(entries))
    return folder


CUSTOM = {"custom": "custom.parquet", "custom_people": RULES}


def test_fer2013_alone_stays_small_and_grey(data: Path) -> None:
    dataset = load(data, {}, OneFace(), **COLOUR)
    assert dataset.faces.frames.shape[1:] == (48, 48)
    assert dataset.sha256 == load(data, {}, OneFace()).sha256


def test_all_sources_come_at_one_size_in_colour(data: Path) -> None:
    dataset = load(data, {**CUSTOM, "datasets": ["imported"]}, OneFace(), **COLOUR)
    faces = dataset.faces
    assert faces.frames.shape[1:] == (100, 100, 3)
    assert dict(zip(*np.unique(faces.sources, return_counts=True), strict=True)) == {
        "fer2013": 33, "site": 12, "shop": 2,
    }  # fmt: skip
    native = load(data, {}, OneFace()).faces
    np.testing.assert_array_equal(faces.frames[5], to_frame(native.frames[5], 100, 3))
    assert native.repeated.sum() == 1
    np.testing.assert_array_equal(faces.names[faces.repeated], native.names[native.repeated])
    first = faces.where(faces.sources == "site").frames[0]
    np.testing.assert_array_equal(first, to_frame(crop_face(picture(0), FACE), 100, 3))
    shop = faces.where(faces.sources == "shop")
    np.testing.assert_array_equal(shop.frames[0], to_frame(to_frame(picture(50), 64, 3), 100, 3))
    assert shop.groups.tolist() == ["till", ""]


def test_faces_are_sought_once_for_all_sizes(data: Path) -> None:
    detector = OneFace()
    small = load(data, CUSTOM, detector)
    large = load(data, CUSTOM, detector, **COLOUR)
    again = load(data, CUSTOM, detector)
    assert detector.pictures == 12
    assert small.sha256 == again.sha256 != large.sha256
    np.testing.assert_array_equal(small.faces.splits, large.faces.splits)
    np.testing.assert_array_equal(small.faces.names, large.faces.names)


def test_what_was_kept_before_sizes_were_known_is_made_again(data: Path) -> None:
    detector = OneFace()
    before = load(data, CUSTOM, detector)
    (kept,) = (data / "cache").glob("custom-*.npz")
    with np.load(kept) as stored:
        old = {column: stored[column] for column in stored if column != "sides_px"}
    np.savez_compressed(kept, **old)
    after = load(data, CUSTOM, detector)
    assert (after.sha256, detector.pictures) == (before.sha256, 12)
    site = after.faces.where(after.faces.sources == "site")
    assert site.sides_px.tolist() == [60] * 12
    assert np.isnan(after.faces.sides_px[after.faces.sources == "fer2013"]).all()


def test_a_csv_file_can_take_the_folder_s_place(data: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: no such file or folder"):
        load(data, {"fer2013": "none.csv"}, OneFace())


def test_imported_datasets_are_enough(data: Path) -> None:
    dataset = load(data, {"fer2013": None, "datasets": ["imported"]}, OneFace())
    assert dataset.faces.frames.shape == (2, 48, 48)
    assert not dataset.faces.repeated.any()


def test_no_data_is_an_error(data: Path) -> None:
    with pytest.raises(DataError, match="no data is named"):
        load(data, {"fer2013": None}, OneFace())


def test_a_person_in_two_splits_of_two_datasets_is_named(data: Path) -> None:
    (data / "more" / FACES).mkdir(parents=True)
    digest = write_face(data / "more", to_frame(picture(60), 64, 3))
    entry = Entry(digest, "shop", "c", "anna", Split.TEST, Emotion.SAD)
    (data / "more" / MANIFEST).write_text(text_of([entry]))
    with pytest.raises(DataError, match=r"person 'anna' of shop is in two splits: a in train, c"):
        load(data, {"fer2013": None, "datasets": ["imported", "more"]}, OneFace())


def test_namesakes_of_two_sources_in_other_splits_are_told_of(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "more" / FACES).mkdir(parents=True)
    digest = write_face(data / "more", to_frame(picture(60), 64, 3))
    entry = Entry(digest, "gate", "c", "anna", Split.TEST, Emotion.SAD)
    (data / "more" / MANIFEST).write_text(text_of([entry]))
    load(data, {"fer2013": None, "datasets": ["imported", "more"]}, OneFace())
    assert "such as 'anna' (train of shop, test of gate)" in caplog.text


def test_what_was_left_out_of_class_folders_is_counted(data: Path) -> None:
    for name in ("train/0/a.png", "train/7/b.png", "test/0/c.png", "validation/0/d.png"):
        (data / "gate" / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(data / "gate" / name), picture(ord(name[-5])))
    (data / "gate/train/0/broken.jpg").touch()
    (data / "gate/train/0/new.heic").touch()
    given = {"fer2013": None, "datasets": ["gate"], "digits": "fer2013", "leave_out": ["7"]}
    dataset = load(data, given, OneFace())
    assert set(dataset.faces.labels.tolist()) == {0}
    assert dataset.set_aside == {
        "gate unreadable": 1, "gate class 7 left out": 1, "gate passed over: .heic": 1,
    }  # fmt: skip


def test_a_face_that_is_held_out_elsewhere_is_not_learned(data: Path) -> None:
    (data / "more" / FACES).mkdir(parents=True)
    entries = [
        Entry(write_face(data / "more", to_frame(picture(seed), 48, 1)), "shop", name, name, split,
              Emotion.SAD)
        for seed, name, split in ((60, "d", Split.TEST), (61, "e", Split.TRAIN))
    ]  # fmt: skip
    (data / "more" / MANIFEST).write_text(text_of(entries))
    (data / "same" / FACES).mkdir(parents=True)
    entries = [
        Entry(write_face(data / "same", to_frame(picture(seed), 48, 1)), "shop 2", name, name,
              split, Emotion.SAD)
        for seed, name, split in ((60, "f", Split.VALIDATION), (60, "g", Split.TRAIN),
                                  (61, "h", Split.VALIDATION), (62, "i", Split.TRAIN))
    ]  # fmt: skip
    (data / "same" / MANIFEST).write_text(text_of(entries))
    dataset = load(data, {"fer2013": None, "datasets": ["more", "same"]}, OneFace())
    assert dataset.faces.names.tolist() == ["d", "h", "i"]
    assert dataset.set_aside == {"equal to a face held out": 3}
