"""Contact sheets: the right faces, before and after."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from surveil.classify import to_frame
from surveil.training.augmentation import NONE, Augmentation
from surveil.training.faces import Faces
from surveil.training.report.contact_sheet import (
    SHOWN_PX,
    VIEWS,
    Look,
    as_html,
    as_png,
    class_sheets,
)


def faces_of(shape: tuple[int, ...], count: int = 40) -> Faces:
    random = np.random.default_rng(0)
    return Faces(
        random.integers(0, 256, (count, *shape), dtype=np.uint8),
        np.array([0, 3, 3, 6] * (count // 4), np.int64),
        np.zeros((count, 7), np.float32),
        np.array(["train", "train", "test", "train"] * (count // 4)),
        np.full(count, "site"),
        np.full(count, ""),
        np.array([str(n) for n in range(count)]),
    )


@pytest.mark.parametrize(("shape", "channels"), [((48, 48), 1), ((100, 100, 3), 3),
                                                 ((64, 64, 3), 1)])  # fmt: skip
def test_sheets_hold_so_many_faces_of_each_class_of_the_training_split(
    shape: tuple[int, ...], channels: int
) -> None:
    look = Look(Augmentation(), shape[0], shape[0] - 4, 40, channels)
    sheets = class_sheets(faces_of(shape), look, count=4)
    assert [(sheet.emotion, sheet.faces) for sheet in sheets] == [
        ("angry", 10), ("happy", 10), ("neutral", 10),
    ]  # fmt: skip
    for sheet in sheets:
        assert sheet.stored.shape == (4, SHOWN_PX, SHOWN_PX, 3)
        assert sheet.views.shape == (VIEWS, 4, SHOWN_PX, SHOWN_PX, 3)


def test_without_augmentation_the_views_are_the_faces() -> None:
    sheets = class_sheets(faces_of((48, 48)), Look(NONE, 48, 48, 48), count=2)
    for sheet in sheets:
        for view in sheet.views:
            np.testing.assert_allclose(view.astype(int), sheet.stored.astype(int), atol=2)


def test_seed_decides_which_faces() -> None:
    faces = faces_of((48, 48))
    first, same, other = (class_sheets(faces, Look(), count=3, seed=s)[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first.views, same.views)
    assert (first.stored != other.stored).any()
    known = [to_frame(frame, SHOWN_PX, 3) for frame in faces.frames]
    assert all(any((face == frame).all() for frame in known) for face in first.stored)


def test_png_and_page_are_complete() -> None:
    sheets = class_sheets(faces_of((48, 48)), Look(), count=3)
    picture = cv2.imdecode(np.frombuffer(as_png(sheets, "site"), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[0] > 3 * (1 + VIEWS) * SHOWN_PX
    page = as_html(sheets, "<site>", ["a & b"])
    assert "<h1>&lt;site&gt;</h1>" in page
    assert "a &amp; b" in page
    assert re.findall("<h2>([a-z]+)</h2>", page) == ["angry", "happy", "neutral"]
    assert page.count("data:image/png;base64,") == 3
    assert "http" not in page
    assert "<script" not in page
