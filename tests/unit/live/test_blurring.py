"""What is blurred on a picture: how far around a face, and how little is left of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import EMOTIONS, Box
from surveil.live import LiveFace, LiveReading
from surveil.live.blurring import CELLS, blur_parts, blur_whole, hidden_parts

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
edges = st.floats(-0.2, 1.2)


def reading(after_s: float, *boxes: Box) -> LiveReading:
    faces = tuple(LiveFace(1, box, 0.9, EMOTIONS[0], (1.0,) + (0.0,) * 6) for box in boxes)
    return LiveReading(1, "R", 1, AT + timedelta(seconds=after_s), faces, 0)


def test_a_part_is_wider_than_its_face_and_grows_with_time() -> None:
    box = Box(0.4, 0.4, 0.5, 0.6)
    now, later = (hidden_parts([reading(after_s, box)], AT)[0] for after_s in (0.0, 0.5))
    assert now.x1 < box.x1
    assert now.y2 > box.y2
    assert later.x1 < now.x1
    assert later.y2 > now.y2


@given(edges, edges, edges, edges, st.integers(1, 60), st.integers(1, 60))
def test_little_is_left_within_a_part_and_nothing_is_touched_outside(
    x1: float, y1: float, x2: float, y2: float, width: int, height: int
) -> None:
    dice = np.random.default_rng(1)
    before = dice.integers(0, 256, (height, width, 3)).astype(np.uint8)
    box = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    (part,) = hidden_parts([reading(0.1, box)], AT)
    after = before.copy()
    blur_parts(after, [part])
    rows, columns = np.nonzero((before != after).any(axis=2))
    assert ((columns + 1) / width > part.x1 - 1e-9).all()
    assert (columns / width < part.x2 + 1e-9).all()
    assert ((rows + 1) / height > part.y1 - 1e-9).all()
    assert (rows / height < part.y2 + 1e-9).all()


def test_two_faces_with_the_same_means_become_the_same_picture() -> None:
    """Nothing but the means is left: a face cannot be brought back."""
    dice = np.random.default_rng(2)
    one = dice.integers(0, 256, (80, 80, 3)).astype(np.uint8)
    cells = one.reshape(CELLS, 80 // CELLS, CELLS, 80 // CELLS, 3).swapaxes(1, 2)
    other = cells[:, :, ::-1, ::-1].swapaxes(1, 2).reshape(80, 80, 3).copy()
    assert (one != other).any()
    for image in (one, other):
        blur_parts(image, [Box(0, 0, 1, 1)])
    assert np.abs(one.astype(int) - other).max() <= 1


def test_a_whole_picture_keeps_its_size() -> None:
    for shape in ((1, 1, 3), (720, 1280, 3), (7, 500, 3)):
        assert blur_whole(np.zeros(shape, np.uint8)).shape == shape
