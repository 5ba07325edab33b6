"""The levels of a pyramid side by side on one canvas, so that P-Net runs once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from surveil.detect.scales import CELL_PX, STRIDE_PX, pyramid_scales

Size = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Where the levels of frames of one size stand.

    Attributes:
        size: Height and width in pixels.
        scales: Of each level, largest first, float32 ``(L,)``.
        sizes: Height and width of each level.
        corners: Top and left of each level, even numbers, ``(L, 2)``.
        level_of: Which level a cell of P-Net belongs to, ``(h, w)``; -1 where its window does not
            lie wholly in one.
    """

    size: Size
    scales: NDArray[np.float32]
    sizes: tuple[Size, ...]
    corners: NDArray[np.intp]
    level_of: NDArray[np.int8]


@lru_cache(maxsize=64)
def canvas_for(height: int, width: int, min_face_px: int) -> Canvas | None:
    """Return the canvas for frames of a size; ``None`` if they cannot hold a face."""
    scales = pyramid_scales(height, width, min_face_px)
    if not scales:
        return None
    sizes = tuple((int(height * scale + 1), int(width * scale + 1)) for scale in scales)
    corners, size = arrange(sizes)
    cells = [_cells(side) for side in size]
    level_of = np.full(cells, -1, np.int8)
    for level, ((top, left), (high, wide)) in enumerate(zip(corners, sizes, strict=True)):
        rows = slice(top // STRIDE_PX, top // STRIDE_PX + _whole_cells(high))
        columns = slice(left // STRIDE_PX, left // STRIDE_PX + _whole_cells(wide))
        level_of[rows, columns] = level
    return Canvas(size, np.array(scales, np.float32), sizes, np.array(corners, np.intp), level_of)


def arrange(sizes: tuple[Size, ...]) -> tuple[list[tuple[int, int]], Size]:
    """Place pictures on a canvas as wide as the first; return top and left of each, and its size.

    Each takes the first gap beside earlier ones that holds it, else a shelf of its own below all.
    """
    width, bottom = _even(sizes[0][1]), 0
    gaps: list[tuple[int, int, int, int]] = []  # top, left, height, width
    corners = []
    for height, wide in ((_even(h), _even(w)) for h, w in sizes):
        number = next(
            (i for i, gap in enumerate(gaps) if gap[2] >= height and gap[3] >= wide), None
        )
        if number is None:
            gaps.append((bottom, 0, height, width))
            number, bottom = len(gaps) - 1, bottom + height
        top, left, high, room = gaps.pop(number)
        corners.append((top, left))
        gaps[number:number] = [
            (top + height, left, high - height, wide),
            (top, left + wide, high, room - wide),
        ]
    return corners, (bottom, width)


def _even(pixels: int) -> int:
    return pixels + pixels % 2


def _whole_cells(pixels: int) -> int:
    return max(0, (pixels - CELL_PX) // STRIDE_PX + 1)


def _cells(pixels: int) -> int:
    """Return how many cells P-Net gives, whose pooling keeps a last half."""
    return -(-(pixels - 2) // STRIDE_PX) - 4
