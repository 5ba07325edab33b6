"""Pictures like those of cameras, put together of photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1280, 720
LONGER_SIDE_PX = (60, 420)
"""Range of a photograph's longer side within a scene."""


def scenes(
    photographs: Sequence[NDArray[np.uint8]], count: int, *, seed: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """Yield scenes: some photographs of any size on another one, dimmed, blurred and stretched.

    Args:
        photographs: RGB ``(H, W, 3)``; at least one.
        count: How many.
        seed: The same gives the same scenes.

    Yields:
        RGB, shape ``(720, 1280, 3)``.
    """
    random = np.random.default_rng(seed)
    for _ in range(count):
        behind = photographs[int(random.integers(len(photographs)))]
        soft = cv2.GaussianBlur(
            cv2.resize(behind, (WIDTH, HEIGHT)), (0, 0), float(random.uniform(0.5, 4))
        )
        scene = (soft * random.uniform(0.3, 1)).astype(np.uint8)
        for _ in range(random.integers(2, 7)):
            photograph = photographs[int(random.integers(len(photographs)))]
            scale = random.uniform(*LONGER_SIDE_PX) / max(photograph.shape[:2])
            size = [max(1, round(side * scale)) for side in photograph.shape[:2]]
            small = cv2.resize(photograph, (size[1], size[0]), interpolation=cv2.INTER_AREA)
            top = random.integers(0, HEIGHT - size[0] + 1)
            left = random.integers(0, WIDTH - size[1] + 1)
            scene[top : top + size[0], left : left + size[1]] = small
        yield scene
