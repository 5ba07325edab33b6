"""The picture that is shown where there is none: a frozen last one would say that all is well."""

from __future__ import annotations


def blank_picture(width: int, height: int, words: str) -> bytes:
    """Return a grey JPEG that says something.

    Args:
        width: Of it, in pixels.
        height: Of it, in pixels.
        words: ASCII.
    """
    import cv2
    import numpy as np

    image = np.full((height, width, 3), 48, dtype=np.uint8)
    (length, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = min(1.0, 0.9 * width / max(length, 1))
    at = (round((width - length * scale) / 2), height // 2)
    cv2.putText(image, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (214, 207, 214), 1, cv2.LINE_AA)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])
    found: bytes = encoded.tobytes()
    return found
