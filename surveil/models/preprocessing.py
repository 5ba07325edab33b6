"""The numbers by which crops become a network's input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to a crop before the network sees it; :mod:`surveil.classify` does it.

    Attributes:
        frame_px: Side of the square each crop is resized to (FER2013's 48).
        crop_px: Side of the centre of that square which the network is given.
        mean: Mean pixel of the training data on the scale 0..1.
        std: Standard deviation of the same.
        channels: 1 for grey, 3 for RGB; mean and deviation are over all channels.
    """

    frame_px: int = 48
    crop_px: int = 44
    mean: float = 0.5
    std: float = 0.25
    channels: int = 1
