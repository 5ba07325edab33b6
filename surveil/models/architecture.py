"""What must be known to build a network whose weights are loaded from a file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Dropout = Annotated[float, Field(ge=0, lt=1)]


class _Architecture(BaseModel):
    """Base of all: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResNetSmall(_Architecture):
    """ResNet of basic blocks with a stem for small faces, of any width and depth.

    Attributes:
        kind: Its name in ``model.json``.
        width: Channels of the first stage; 64 is ResNet-18's own, 32 halves all of them.
        blocks: Residual blocks per stage.
        channels: 1 for grey input, 3 for colour.
        dropout: Share of the pooled features that is dropped in training.
    """

    kind: Literal["resnet-small"] = "resnet-small"
    width: Annotated[int, Field(ge=8, le=128)] = 64
    blocks: Annotated[
        tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=4, max_length=4)
    ] = (2, 2, 2, 2)
    channels: Literal[1, 3] = 1
    dropout: Dropout = 0.0


class ResNet18(_Architecture):
    """torchvision's ResNet-18 as it is, stem for large pictures included (He et al. 2015)."""

    kind: Literal["resnet18"] = "resnet18"
    channels: Literal[3] = 3
    dropout: Dropout = 0.5


class DeepEmotion(_Architecture):
    """Deep-Emotion (Minaee and Abdolrashidi 2019): a small CNN behind a spatial transformer."""

    kind: Literal["deep-emotion"] = "deep-emotion"
    channels: Literal[1] = 1
    dropout: Dropout = 0.5


class KerasCnn(_Architecture):
    """Four convolutions and a dense layer of 1024, as many FER2013 notebooks in Keras have them.

    The maker counts 32,116,743 parameters for 7 classes, batch-norm statistics included.
    """

    kind: Literal["keras-cnn"] = "keras-cnn"
    channels: Literal[1] = 1
    dropout: Dropout = 0.25


class Conv5(_Architecture):
    """Five blocks of convolution, batch-norm, ReLU, pooling and dropout."""

    kind: Literal["conv5"] = "conv5"
    channels: Literal[1] = 1
    dropout: Dropout = 0.2


class ColourCnn(_Architecture):
    """A plain CNN for colour faces, trained from nothing on few classes."""

    kind: Literal["colour-cnn"] = "colour-cnn"
    channels: Literal[3] = 3
    dropout: Dropout = 0.5


Architecture = Annotated[
    ResNetSmall | ResNet18 | DeepEmotion | KerasCnn | Conv5 | ColourCnn,
    Field(discriminator="kind"),
]
"""Any of them, told apart by ``kind``."""

FIXED_SIDE_PX: dict[str, int] = {"deep-emotion": 48, "keras-cnn": 48, "conv5": 48}
"""Side of the input of those that end in a dense layer over all places; others take any."""
