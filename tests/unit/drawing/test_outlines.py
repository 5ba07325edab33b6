from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import EMOTIONS, Box, Emotion
from surveil.drawing.outlines import outline
from surveil.drawing.painter import ShownFace
from surveil.palette import COLOURS

SCORES = (0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1)


def test_a_face_is_framed_in_the_colour_of_its_expression() -> None:
    image = np.zeros((360, 640, 3), np.uint8)
    outline(image, [ShownFace(7, Box(200, 100, 300, 220), Emotion.HAPPY, SCORES)])
    assert tuple(image[160, 200, ::-1]) == COLOURS[Emotion.HAPPY]
    assert not image[200:360, 400:].any()


@given(*[st.integers(-500, 900)] * 4, st.integers(1, 700), st.integers(1, 700))
def test_boxes_may_lie_anywhere(x: int, y: int, wide: int, high: int, w: int, h: int) -> None:
    image = np.zeros((h, w, 3), np.uint8)
    box = Box(x, y, x + abs(wide), y + abs(high))
    outline(image, [ShownFace(2**40, box, emotion, SCORES) for emotion in EMOTIONS])
