"""Pictures as cameras and phones write them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from surveil.training.data.pictures import decode


def encoded(picture: np.ndarray) -> np.ndarray:
    ok, data = cv2.imencode(".png", picture)
    assert ok
    return data.reshape(-1)


@pytest.mark.parametrize(("bits", "most"), [(10, 1023), (12, 4095), (14, 16383), (16, 65535)])
def test_a_deep_picture_is_as_bright_as_its_camera_saw_it(bits: int, most: int) -> None:
    ramp = np.linspace(0, most, 256).round().astype(np.uint16)
    found = decode(encoded(np.tile(ramp, (8, 1))))
    assert found is not None
    np.testing.assert_allclose(found[0, :, 0], np.arange(256), atol=1)


def test_eight_bits_stay_as_they_are() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    found = decode(encoded(ramp))
    assert found is not None
    np.testing.assert_array_equal(found[:, :, 1], ramp)


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_what_is_no_picture_gives_none(data: bytes) -> None:
    assert decode(np.frombuffer(data, np.uint8)) is None
