"""Which parts of a camera's picture have changed since they were last looked at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LUMA_WIDTH_PX = 160
"""Width of the picture that is compared: a face of 40 px in 1280 is 5 px wide."""

TILE_PX = 8
"""Side of a tile in that picture."""

MOVED_BY = 2.0
"""Mean difference of a tile, in grey levels, from which on something moved there. A sensor's noise
stays below 1 after averaging; a face of 5 px that appears gives 10 and more."""

QUICK_BY = 8.0
"""Mean difference of a tile from one frame to the next from which on motion is too quick for the
swaying of who stands: a face of 40 px that comes gives 10 and more, a person of 100 px who shifts
by a twentieth of that between two frames 2 to 6."""

LIGHT_BY = 8.0
"""Grey levels by which the whole picture may get lighter or darker before all is looked at."""

Luma = NDArray[np.float32]
"""Small picture of grey levels, shape ``(h, w)``, float32, with a range of 255."""


def small_luma(image: NDArray[np.uint8], gain: float = 1.0) -> Luma:
    """Return the small picture that motion is looked for in.

    Args:
        image: RGB, shape ``(H, W, 3)``, or levels of grey, ``(H, W)``.
        gain: By what levels are multiplied, so that they have a range of 255.
    """
    height, width = image.shape[:2]
    small_width = min(width, LUMA_WIDTH_PX)
    small_height = max(1, round(height * small_width / width))
    small = cv2.resize(image, (small_width, small_height), interpolation=cv2.INTER_AREA)
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return np.multiply(small, gain, dtype=np.float32)


def moved_tiles(luma: Luma, reference: Luma) -> tuple[NDArray[np.bool_], float] | None:
    """Return the tiles in which the picture changed, and by how much all of it got lighter.

    A change of light that is the same everywhere is no motion. Each tile is compared with how it
    was when it was last looked at, so that slow motion adds up.

    Returns:
        The tiles, shape ``(rows, columns)``, and grey levels; None where the scene or its light
        changed as a whole.
    """
    tiles, light = _changes(luma, reference)
    if abs(light) > LIGHT_BY or float(np.median(tiles)) > MOVED_BY:
        return None
    return np.asarray(tiles > MOVED_BY), light


def quick_tiles(luma: Luma, last: Luma) -> NDArray[np.bool_]:
    """Return the tiles that changed much since the last frame, shape ``(rows, columns)``."""
    return np.asarray(_changes(luma, last)[0] > QUICK_BY)


def _changes(luma: Luma, other: Luma) -> tuple[Luma, float]:
    """Return the mean difference of each tile in grey levels, and that of the light."""
    change = luma - other
    light = float(np.median(change))
    difference = np.abs(change - light)
    height, width = difference.shape
    rows, columns = -(-height // TILE_PX), -(-width // TILE_PX)
    padded = np.zeros((rows * TILE_PX, columns * TILE_PX), np.float32)
    padded[:height, :width] = difference
    tiles: Luma = padded.reshape(rows, TILE_PX, columns, TILE_PX).mean(axis=(1, 3))
    return tiles, light
