"""Geometry of boxes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surveil import boxes
from surveil.domain import Box


def rows(*values: tuple[float, float, float, float]) -> boxes.Boxes:
    return np.array(values, dtype=np.float32).reshape(-1, 4)


corners = st.floats(-500, 500, width=32)
some_boxes = hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(4)), elements=corners)


def ordered(values: boxes.Boxes) -> boxes.Boxes:
    low = np.minimum(values[:, :2], values[:, 2:])
    return np.concatenate([low, np.maximum(values[:, :2], values[:, 2:])], axis=1)


@given(some_boxes, st.integers(1, 400), st.integers(1, 400))
def test_clipped_boxes_lie_in_the_frame(values: boxes.Boxes, width: int, height: int) -> None:
    before = values.copy()
    inside = boxes.clip(values, width=width, height=height)
    assert (inside >= 0).all()
    assert (inside[:, [0, 2]] <= width).all()
    assert (inside[:, [1, 3]] <= height).all()
    np.testing.assert_array_equal(inside, boxes.clip(inside, width=width, height=height))
    np.testing.assert_array_equal(values, before)


def test_box_outside_the_frame_clips_to_nothing() -> None:
    outside = boxes.clip(rows((-20, -20, -5, -5), (110, 10, 130, 30)), width=100, height=50)
    assert boxes.areas(outside).tolist() == [0, 0]


@given(some_boxes)
def test_squares_keep_centre_and_longer_side(values: boxes.Boxes) -> None:
    values = ordered(values)
    squares = boxes.square(values)
    sides = values[:, 2:] - values[:, :2]
    np.testing.assert_allclose(
        squares[:, 2:] - squares[:, :2],
        np.tile(sides.max(axis=1, initial=0)[:, None], 2),
        atol=1e-3,
    )
    np.testing.assert_allclose(
        squares[:, :2] + squares[:, 2:], values[:, :2] + values[:, 2:], atol=2e-3
    )


def test_area_of_a_box_turned_inside_out_is_nought() -> None:
    assert boxes.areas(rows((5, 5, 1, 1), (0, 0, 2, 3))).tolist() == [0, 6]


def test_a_row_becomes_a_box_of_plain_floats() -> None:
    box = boxes.as_box(rows((1, 2, 3, 4))[0])
    assert box == Box(1, 2, 3, 4)
    assert type(box.x1) is float
