"""The scales at which P-Net looks at a frame."""

from __future__ import annotations

CELL_PX = 12
STRIDE_PX = 2
"""P-Net looks at windows of 12 pixels at a stride of 2."""
FACTOR = 0.709
"""Ratio between the levels of the pyramid: half the area each (facenet-pytorch's default)."""


def pyramid_scales(height: int, width: int, min_face_px: int) -> list[float]:
    """Return the scales at which P-Net looks at a frame; none if it cannot hold a face."""
    scale = CELL_PX / min_face_px
    shorter = min(height, width) * scale
    scales = []
    while shorter >= CELL_PX:
        scales.append(scale)
        scale *= FACTOR
        shorter *= FACTOR
    return scales
