"""Colours of expressions can be told apart, by everybody and everywhere the same."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.domain import EMOTIONS
from surveil.look import stylesheet
from surveil.palette import COLOURS, Colour, as_hex

Matrix = NDArray[np.float64]

# Machado, Oliveira and Fernandes (2009), severity 1.0, in linear RGB.
SIGHT: dict[str, Matrix] = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: Colour) -> Matrix:
    parts = np.asarray(colour) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: Matrix) -> Matrix:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_can_be_told_apart(sight: str) -> None:
    seen = {emotion: lab(SIGHT[sight] @ linear(COLOURS[emotion])) for emotion in EMOTIONS}
    apart = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]]))
             for pair in combinations(EMOTIONS, 2)}  # fmt: skip
    assert min(apart.values()) > 30, min(apart, key=lambda pair: apart[pair])


def test_none_vanishes_on_light_or_dark() -> None:
    for colour in COLOURS.values():
        luminance = float(TO_XYZ[1] @ linear(colour))
        dark = float(TO_XYZ[1] @ linear((20, 24, 28)))
        assert 1.05 / (luminance + 0.05) > 1.3
        assert (luminance + 0.05) / (dark + 0.05) > 2


def test_pages_have_the_same() -> None:
    stated = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", stylesheet()))
    for emotion in EMOTIONS:
        assert stated[emotion.value] == as_hex(COLOURS[emotion])
