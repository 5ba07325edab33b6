"""A dataset on disk: what is written is read back, and what was tampered with is named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from surveil.domain import Emotion
from surveil.training.data.dataset_folder import FACES, MANIFEST, read_folder_dataset, write_face
from surveil.training.data.manifest import Entry, text_of
from surveil.training.errors import DataError
from surveil.training.faces import Split


def entries_in(folder: Path, shape: tuple[int, ...] = (48, 48)) -> list[Entry]:
    (folder / FACES).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    digests = [write_face(folder, random.integers(0, 256, shape, dtype=np.uint8)) for _ in range(3)]
    return [
        Entry(digests[0], "site", "a.jpg", "anna", Split.TRAIN, Emotion.HAPPY, "door", 61.26),
        Entry(digests[1], "site", "b, c.jpg", "anna", Split.TRAIN, Emotion.SAD),
        Entry(digests[2], "site", "d.jpg", "", Split.TEST, Emotion.NEUTRAL, "hall"),
    ]


def write(folder: Path, entries: list[Entry]) -> None:
    (folder / MANIFEST).write_text(text_of(entries))


@pytest.mark.parametrize("shape", [(48, 48), (100, 100, 3)])
def test_faces_are_read_back_exactly(tmp_path: Path, shape: tuple[int, ...]) -> None:
    entries = entries_in(tmp_path, shape)
    write(tmp_path, entries)
    faces = read_folder_dataset(tmp_path)
    assert faces.frames.shape == (3, *shape)
    assert faces.digests() == [entry.sha256 for entry in entries]
    assert faces.names.tolist() == ["a.jpg", "b, c.jpg", "d.jpg"]
    assert faces.groups.tolist() == ["door", "", "hall"]
    np.testing.assert_array_equal(faces.sides_px, [61.3, np.nan, np.nan])
    assert faces.people.tolist() == ["anna", "anna", ""]
    assert faces.labels.tolist() == [3, 4, 6]
    assert faces.splits.tolist() == ["train", "train", "test"]


def test_size_and_colour_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path, entries_in(tmp_path))
    assert read_folder_dataset(tmp_path, frame_px=64, channels=3).frames.shape == (3, 64, 64, 3)


def test_manifest_without_groups_and_sizes_is_read(tmp_path: Path) -> None:
    lines = text_of(entries_in(tmp_path)).splitlines()
    (tmp_path / MANIFEST).write_text("\n".join(line.rsplit(",", 2)[0] for line in lines))
    faces = read_folder_dataset(tmp_path)
    assert faces.groups.tolist() == ["", "", ""]
    assert np.isnan(faces.sides_px).all()


def test_same_person_in_two_splits_is_named(tmp_path: Path) -> None:
    entries = entries_in(tmp_path)
    tested = Entry(entries[2].sha256, "site", "d.jpg", "anna", Split.TEST, Emotion.SAD)
    write(tmp_path, [*entries[:2], tested])
    with pytest.raises(
        DataError, match=r"person 'anna' of site is in two splits: a\.jpg in train, d\.jpg in test"
    ):
        read_folder_dataset(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("emotion", "mood", r"manifest\.csv: column emotion is missing"),
        (",happy", ",hapy", r"line 2: unknown emotion 'hapy'; did you mean 'happy'"),
        (",test", ",exam", r"line 4: split 'exam' is none of train, validation, test"),
        (",test,neutral,hall", "", r"line 4: the line has fewer values"),
        (",61.3", ",large", r"line 2: side_px 'large' is not a number"),
    ],
)
def test_wrong_manifest_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    (tmp_path / MANIFEST).write_text(text_of(entries_in(tmp_path)).replace(old, new))
    with pytest.raises(DataError, match=message):
        read_folder_dataset(tmp_path)


def test_empty_manifest_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, [])
    with pytest.raises(DataError, match=r"manifest\.csv: it holds no face"):
        read_folder_dataset(tmp_path)


def test_missing_broken_and_exchanged_faces_are_named(tmp_path: Path) -> None:
    entries = entries_in(tmp_path)
    write(tmp_path, entries)
    path = tmp_path / FACES / f"{entries[1].sha256}.png"
    cv2.imwrite(str(path), np.zeros((48, 48), np.uint8))
    with pytest.raises(DataError, match=rf"{entries[1].sha256}\.png: its pixels are not those"):
        read_folder_dataset(tmp_path)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=rf"{entries[1].sha256}\.png: not a readable picture"):
        read_folder_dataset(tmp_path)
    path.unlink()
    with pytest.raises(DataError, match=rf"{entries[1].sha256}\.png: no such file"):
        read_folder_dataset(tmp_path)


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    entry = Entry("../../etc/passwd", "site", "a", "", Split.TRAIN, Emotion.SAD)
    write(tmp_path, [entry])
    with pytest.raises(DataError, match="no such file"):
        read_folder_dataset(tmp_path)


def test_folder_of_something_else_says_what_was_sought(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither manifest\.csv nor a folder named after"):
        read_folder_dataset(tmp_path)
