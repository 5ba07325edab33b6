"""Faces drawn from ellipses, which MTCNN takes for real: test pictures without photographs."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SKIN, _HAIR, _LIPS = (224, 180, 150), (60, 40, 30), (170, 70, 70)


def draw_face(picture: NDArray[np.uint8], x: float, y: float, size: float) -> None:
    """Draw a frontal face into an RGB picture, about ``size`` pixels high around ``x, y``."""
    unit = size / 100

    def ellipse(dx: float, dy: float, half_width: float, half_height: float, colour: tuple) -> None:
        centre = (round(x + dx * unit), round(y + dy * unit))
        axes = (max(1, round(half_width * unit)), max(1, round(half_height * unit)))
        cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    ellipse(0, -8, 46, 62, _HAIR)
    ellipse(0, 5, 38, 52, _SKIN)
    for side in (-1, 1):
        ellipse(16 * side, -8, 8, 4.5, (250, 250, 250))
        ellipse(16 * side, -8, 4, 4.2, (40, 30, 30))
        ellipse(16 * side, -18, 10, 2.5, (70, 45, 35))
        ellipse(4 * side, 17, 2.5, 1.6, (120, 70, 60))
    ellipse(0, 10, 5, 9, (205, 155, 125))
    ellipse(0, 32, 14, 4.5, _LIPS)
    ellipse(0, 31, 13, 1.2, (110, 40, 40))


def drawn_frame(
    width: int, height: int, *faces: tuple[float, float, float], noise_seed: int = 0
) -> NDArray[np.uint8]:
    """Return an RGB picture of drawn faces, each ``(x, y, size)``, with a little noise."""
    picture = np.full((height, width, 3), 190, dtype=np.uint8)
    for face in faces:
        draw_face(picture, *face)
    blurred = cv2.GaussianBlur(picture, (0, 0), 1).astype(np.int16)
    noise = np.random.default_rng(noise_seed).integers(-3, 4, (height, width, 1))
    return np.clip(blurred + noise, 0, 255).astype(np.uint8)
