"""Drawings stay inside the picture and can be read, at any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import EMOTIONS, Box, Emotion
from surveil.drawing.painter import Painter, ShownFace
from surveil.palette import COLOURS


def shown(box: Box, emotion: Emotion = Emotion.HAPPY, track_id: int = 1) -> ShownFace:
    scores = tuple(0.7 if e is emotion else 0.05 for e in EMOTIONS)
    return ShownFace(track_id, box, emotion, scores)


def picture(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize("size", [(8, 8), (64, 48), (360, 640), (1280, 720)])
@pytest.mark.parametrize("place", ["corner", "end", "all"])
def test_draws_at_any_size_and_place(size: tuple[int, int], place: str) -> None:
    width, height = size
    box = {
        "corner": Box(0, 0, width / 4, height / 4),
        "end": Box(width * 0.8, height * 0.8, width, height),
        "all": Box(0, 0, width, height),
    }[place]
    before = picture(width, height)
    after = Painter(width, height).paint(before, [shown(box)], "00:01.0   1 face")
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    assert (before == 90).all()
    assert (after != before).any()


def test_the_box_has_the_colour_of_the_emotion() -> None:
    for emotion in EMOTIONS:
        after = Painter(640, 480).paint(
            picture(640, 480), [shown(Box(300, 200, 340, 260), emotion)], ""
        )
        assert tuple(after[230, 300]) == COLOURS[emotion]


def test_label_goes_below_where_there_is_no_room_above() -> None:
    after = Painter(640, 480).paint(picture(640, 480), [shown(Box(300, 0, 360, 60))], "")
    below = (after[63:80, 300:360] == COLOURS[Emotion.HAPPY]).all(axis=2) | (
        np.abs(after[63:80, 300:360].astype(int) - COLOURS[Emotion.HAPPY]).sum(axis=2) < 60
    )
    assert below.mean() > 0.5


def test_labels_of_neighbours_do_not_hide_each_other() -> None:
    faces = [shown(Box(x, 200, x + 30, 240), track_id=n) for n, x in enumerate((300, 335, 370))]
    painter = Painter(640, 480)
    taken: list[Box] = [face.box for face in faces]
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(Image.new("RGB", (640, 480)), "RGBA")
    for face in faces:
        painter._label(draw, face, taken)
    labels = taken[3:]
    for i, a in enumerate(labels):
        for b in labels[i + 1 :]:
            assert min(a.x2, b.x2) <= max(a.x1, b.x1) or min(a.y2, b.y2) <= max(a.y1, b.y1)


@given(st.floats(-500, 2000), st.floats(-500, 2000), st.integers(1, 400), st.integers(1, 200))
def test_what_fits_is_moved_into_the_picture(x: float, y: float, width: int, height: int) -> None:
    box = Painter(640, 480)._clamp(x, y, width, height)
    assert 0 <= box.x1 < box.x2 <= 640
    assert 0 <= box.y1 < box.y2 <= 480
