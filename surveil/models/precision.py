"""In which numbers a network computes."""

from __future__ import annotations

from enum import StrEnum


class Precision(StrEnum):
    """Numbers of a network's weights and of what flows between its layers.

    Attributes:
        FLOAT32: As trained.
        INT8: 8 bits, on CPUs alone, and only of networks that were brought into it (``surveil
            export --int8``): their folder holds the file, and its figures say what it costs.
    """

    FLOAT32 = "float32"
    INT8 = "int8"
