"""Custom pictures: the largest face, cut as in production, people never in two splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from kit.detectors import ByDetecting
from numpy.typing import NDArray

from surveil.classify import crop_face, to_frame
from surveil.domain import Box, Detection
from surveil.training.data.custom import SplitRule, find_faces, import_custom, read_table
from surveil.training.errors import DataError
from surveil.training.faces import Split, repeat

RULES = {"site": SplitRule(test_percent=40, validation_percent=20)}


class BrightFaces(ByDetecting):
    """Finds one face where a picture is bright at all, and a smaller one beside it."""

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        found = []
        for frame in frames:
            faces = [Box(20, 20, 60, 70), Box(70, 70, 80, 80)]
            points = np.zeros((5, 2), np.float32)
            found.append([Detection(b, 0.99, points) for b in faces] if frame.max() > 20 else [])
        return found


def write(path: Path, pictures: Sequence[bytes | None], people: Sequence[str | None]) -> Path:
    pd.DataFrame(
        {
            "name": [f"{index}.png" for index in range(len(pictures))],
            "source": "site",
            "person": people,
            "emotion": [index % 7 for index in range(len(pictures))],
            "image": pictures,
        }
    ).to_parquet(path)
    return path


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def test_largest_face_is_cut_as_production_cuts_it(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", [picture(0)], ["anna"])
    faces, set_aside = import_custom(path, find_faces(path, BrightFaces()), RULES)
    bgr = np.asarray(cv2.imdecode(np.frombuffer(picture(0), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    rgb = np.ascontiguousarray(bgr[:, :, ::-1])
    np.testing.assert_array_equal(
        faces.frames[0], to_frame(crop_face(rgb, Box(20, 20, 60, 70)), 48)
    )
    assert not set_aside
    assert (faces.people[0], faces.labels[0], faces.votes.sum()) == ("anna", 0, 0)


def test_size_is_that_in_the_photograph(tmp_path: Path) -> None:
    large = np.random.default_rng(9).integers(0, 256, (960, 1280, 3), dtype=np.uint8)
    pictures = [picture(0), cv2.imencode(".png", large)[1].tobytes()]
    path = write(tmp_path / "c.parquet", pictures, ["anna", "bert"])
    faces, _ = import_custom(path, find_faces(path, BrightFaces()), RULES)
    # The second one is sought at half its size.
    assert faces.sides_px.tolist() == [50, 100]


def test_what_cannot_be_used_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    black = cv2.imencode(".png", np.zeros((100, 100, 3), np.uint8))[1].tobytes()
    pictures = [picture(0), black, b"no picture", picture(0), picture(1)]
    path = write(tmp_path / "c.parquet", pictures, list("abcde"))
    faces, set_aside = import_custom(path, find_faces(path, BrightFaces()), RULES)
    assert set_aside == {"no face": 1, "unreadable": 1, "duplicate": 1}
    assert faces.names.tolist() == ["0.png", "4.png"]


def test_split_is_by_person(tmp_path: Path) -> None:
    people = [f"p{index % 12}" for index in range(48)]
    path = write(tmp_path / "c.parquet", [picture(s) for s in range(48)], people)
    faces, _ = import_custom(path, find_faces(path, BrightFaces()), RULES)
    by_split = [set(faces.only(split).people.tolist()) for split in Split]
    assert all(by_split)
    assert sum(len(names) for names in by_split) == 12


def test_pictures_of_nobody_known_are_split_one_by_one(tmp_path: Path) -> None:
    people: list[str | None] = [None] * 24
    path = write(tmp_path / "c.parquet", [picture(s) for s in range(24)], people)
    faces, _ = import_custom(path, find_faces(path, BrightFaces()), RULES)
    assert set(faces.people.tolist()) == {""}
    assert set(faces.splits.tolist()) == {split.value for split in Split}


def test_long_names_are_kept_whole(tmp_path: Path) -> None:
    people = [f"{'person' * 20} {number}" for number in range(3)]
    path = write(tmp_path / "c.parquet", [picture(s) for s in range(3)], people)
    faces, _ = import_custom(path, find_faces(path, BrightFaces()), RULES)
    assert faces.people.tolist() == people


@pytest.mark.parametrize("image", [b"", None])
def test_a_picture_of_no_bytes_is_named(tmp_path: Path, image: bytes | None) -> None:
    path = write(tmp_path / "c.parquet", [picture(0), image], ["a", "b"])
    with pytest.raises(DataError, match=r"c\.parquet: row 1: image holds no bytes"):
        find_faces(path, BrightFaces())


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"c\.parquet: not a parquet file"):
        read_table(path, RULES)


def test_a_row_without_a_source_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", [picture(0), picture(1)], ["a", "b"])
    table = pd.read_parquet(path)
    table.loc[1, "source"] = None
    table.to_parquet(path)
    with pytest.raises(DataError, match=r"row 1: name or source is missing"):
        read_table(path, RULES)


def test_rule_draws_about_its_share_and_stays() -> None:
    splits = [SplitRule(50, 10).split_of(f"person {n}") for n in range(2000)]
    assert 900 < splits.count(Split.TEST) < 1100
    assert 150 < splits.count(Split.VALIDATION) < 250


def test_source_without_rule_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", [picture(0)], ["a"])
    with pytest.raises(DataError, match=r"c\.parquet: no split is configured for source site"):
        import_custom(path, find_faces(path, BrightFaces()), {})


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.parquet: no such file"):
        find_faces(tmp_path / "none.parquet", BrightFaces())


def test_repeat_shows_a_source_more_often(tmp_path: Path) -> None:
    path = write(tmp_path / "c.parquet", [picture(0), picture(1)], ["a", "b"])
    faces, _ = import_custom(path, find_faces(path, BrightFaces()), RULES)
    assert repeat(faces, {"site": 3}).names.tolist() == ["0.png"] * 3 + ["1.png"] * 3
    assert repeat(faces, {"other": 3}).names.tolist() == ["0.png", "1.png"]
