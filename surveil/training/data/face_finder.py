"""The detector with which faces are cut out of photographs, the same for every dataset."""

from __future__ import annotations

from surveil.detect import MtcnnDetector

MIN_SCORE = 0.9
"""That of a camera's settings, so that crops are those of production."""


def face_detector(*, min_face_px: int = 40, threads: int | None = None) -> MtcnnDetector:
    """Return the detector of imports.

    Args:
        min_face_px: Smaller faces are not found.
        threads: Of a CPU; ``None`` takes what the engine does.
    """
    return MtcnnDetector(min_face_px=min_face_px, min_score=MIN_SCORE, threads=threads)
