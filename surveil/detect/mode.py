"""The two ways of finding faces."""

from __future__ import annotations

from enum import StrEnum


class DetectionMode(StrEnum):
    """How a detector trades exactness for time.

    Attributes:
        EXACT: The results of facenet-pytorch, to rounding.
        FAST: The same cascade on frames resampled by halving and linearly instead of by areas, its
            pyramid on one canvas, with fewer of R-Net's boxes handed on. Boxes differ by some 4%,
            and few faces differ; ``docs/detection.md`` says how many.
    """

    EXACT = "exact"
    FAST = "fast"
