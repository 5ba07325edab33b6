"""How strongly faces are changed at random while a network learns from them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Augmentation(BaseModel):
    """Strengths. Amounts are half-widths of uniform ranges; ``_share`` is a share of the batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: bool = True
    """Mirror half of the faces."""
    crop: bool = True
    """Crop the network's square at random from the frame instead of from its middle."""
    rotation_deg: Annotated[float, Field(ge=0, le=45)] = 12.0
    scale: Annotated[float, Field(ge=0, le=0.5)] = 0.12
    """Log of the zoom."""
    aspect: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Log of width over height."""
    shift: Annotated[float, Field(ge=0, le=0.3)] = 0.04
    """Fraction of the frame, as a detector's box jitters."""
    framing: Annotated[float, Field(ge=0, le=0.3)] = 0.1
    """Fraction of the side by which each edge of the square moves on its own, as MTCNN's boxes
    differ from frame to frame; of a share ``framing_share``."""
    framing_share: Share = 0.0
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Added to pixels of 0..1."""
    contrast: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Log of the gain about the face's mean."""
    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Log of the exponent."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Turns of the colour circle; grey frames stay as they are."""
    saturation: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Log of the gain of what is not grey."""
    grey_share: Share = 0.0
    """Colour faces shown in grey, as cameras see at night."""
    small_share: Share = 0.15
    """Faces shrunk to 14..36 px of 48 and enlarged again, as those far from a camera are."""
    blur_share: Share = 0.1
    """Gaussian, sigma 0.5..1.5 px of 48."""
    noise_share: Share = 0.15
    """Gaussian, sigma 0.01..0.08 of white."""
    jpeg_share: Share = 0.0
    """Compressed as JPEG of quality 20..70."""
    erase_share: Share = 0.25
    """A rectangle hidden (Zhong et al. 2017)."""


NONE = Augmentation(
    flip=False, crop=False, rotation_deg=0, scale=0, shift=0, brightness=0, contrast=0, gamma=0,
    small_share=0, blur_share=0, noise_share=0, erase_share=0,
)  # fmt: skip
"""The plain centre of each frame."""
