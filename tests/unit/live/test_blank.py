"""The grey picture has the size that is asked for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from surveil.live.blank import blank_picture


@pytest.mark.parametrize("size", [(640, 360), (160, 120), (3, 2)])
def test_it_has_the_size_of_the_picture_before(size: tuple[int, int]) -> None:
    jpeg = blank_picture(*size, "no picture since 12:00:00 UTC")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (size[1], size[0], 3)
