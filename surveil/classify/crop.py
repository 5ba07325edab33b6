"""Cut faces out of frames, framed as the network was trained to see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box
from surveil.errors import SurveilError

FACE_MARGIN = -0.03
"""Margin that frames an MTCNN box as FER2013 frames its faces.

Found by running MTCNN over 350 FER2013 faces enlarged four times (275 found) and over London and
muxspace portraits. In FER2013 the box is a median 50.8 px high in the 48 px frame and lies on the
centre of the frame within 0.4 px, so the frame's side is 0.945 of the box's longer side; distances
from eye to eye and from eyes to mouth give 0.91 to 0.96. Negative: the square is 6% smaller than
the box is high.
"""


class EmptyCropError(SurveilError, ValueError):
    """The box to cut out lies wholly outside the frame."""


def crop_face(
    frame: NDArray[np.uint8], box: Box, *, margin: float = FACE_MARGIN
) -> NDArray[np.uint8]:
    """Return the pixels of one face as a square around its box.

    The square is centred on the box; its side is the box's longer side, grown by ``margin`` times
    that side at each end. It is then clipped to the frame, so a face at the border gives a smaller
    chip, no longer square, rather than a padded one. Nothing is ever stretched.

    Args:
        frame: RGB image, shape ``(H, W, 3)``. Read only.
        box: Face to cut out, in pixels of ``frame``.
        margin: Extra context as a fraction of the longer side, above -0.5; 0 adds none.

    Returns:
        Copy of the pixels, shape ``(h, w, 3)`` with ``h, w >= 1``.

    Raises:
        EmptyCropError: Box and square lie wholly outside the frame.
    """
    height, width = frame.shape[:2]
    side = max(max(box.width, box.height) * (1 + 2 * margin), 1.0)
    left = round((box.x1 + box.x2 - side) / 2)
    top = round((box.y1 + box.y2 - side) / 2)
    size = max(round(side), 1)
    if box.x1 <= width and box.x2 >= 0 and box.y1 <= height and box.y2 >= 0:
        # Rounding must not carry the square of a sliver at the border out of the frame.
        left = min(max(left, 1 - size), width - 1)
        top = min(max(top, 1 - size), height - 1)
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + size, width), min(top + size, height)
    if x1 >= x2 or y1 >= y2:
        raise EmptyCropError(f"face box {box.xyxy} lies outside the {width}x{height} frame")
    # Copy: the frame's buffer is reused for later pictures.
    return frame[y1:y2, x1:x2].copy()
