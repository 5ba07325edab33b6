"""MTCNN's three networks as PyTorch modules: what GPUs run and ``surveil export`` converts.

Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
Networks", in the sizes of facenet-pytorch 2.6 (Copyright (c) 2019 Timothy Esler, MIT licence, whose
text ``models/mtcnn/model.json`` keeps), whose weights they take.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Literal

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from surveil.errors import ModelError
from surveil.models.detectors import read_detector_file
from surveil.models.files import WEIGHTS

Name = Literal["pnet", "rnet", "onet"]
"""Of a network."""


class _Stage(nn.Module, ABC):
    """A network of the cascade.

    It takes pixels ``(B, H, W, 3)``, RGB in -1..1, and gives offsets, then landmarks if any, then
    the scores of "face"; those of "no face" go nowhere.
    """

    trunk: nn.Sequential
    score: nn.Module
    offsets: nn.Module

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        features = self.trunk(pixels.permute(0, 3, 1, 2))
        face = self.score(features).softmax(dim=1)[:, 1]
        return (*self.places(features), face)

    @abstractmethod
    def places(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return where the face and its features are."""


class _Flatten(nn.Module):
    """Values in the order columns, rows, channels, as the makers of the weights flattened them."""

    def forward(self, features: Tensor) -> Tensor:
        return features.permute(0, 3, 2, 1).flatten(1)


def _conv(inputs: int, outputs: int, side: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, side), nn.PReLU(outputs)]


def _pool(side: int) -> nn.Module:
    return nn.MaxPool2d(side, 2, ceil_mode=True)


class PNet(_Stage):
    """Proposals, on pictures of any size from 12x12: offsets ``(B, 4, h, w)``, ``(B, h, w)``."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*_conv(3, 10, 3), _pool(2), *_conv(10, 16, 3), *_conv(16, 32, 3))
        self.score = nn.Conv2d(32, 2, 1)
        self.offsets = nn.Conv2d(32, 4, 1)

    def places(self, features: Tensor) -> tuple[Tensor, ...]:
        return (self.offsets(features),)


class RNet(_Stage):
    """Refinement, on 24x24: offsets ``(B, 4)``, scores ``(B,)``."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_conv(3, 28, 3), _pool(3), *_conv(28, 48, 3), _pool(3), *_conv(48, 64, 2),
            _Flatten(), nn.Linear(576, 128), nn.PReLU(128),
        )  # fmt: skip
        self.score = nn.Linear(128, 2)
        self.offsets = nn.Linear(128, 4)

    def places(self, features: Tensor) -> tuple[Tensor, ...]:
        return (self.offsets(features),)


class ONet(_Stage):
    """Output, on 48x48: offsets ``(B, 4)``, landmarks ``(B, 10)``, scores ``(B,)``."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_conv(3, 32, 3), _pool(3), *_conv(32, 64, 3), _pool(3), *_conv(64, 64, 3), _pool(2),
            *_conv(64, 128, 2), _Flatten(), nn.Linear(1152, 256), nn.PReLU(256),
        )  # fmt: skip
        self.score = nn.Linear(256, 2)
        self.offsets = nn.Linear(256, 4)
        self.landmarks = nn.Linear(256, 10)

    def places(self, features: Tensor) -> tuple[Tensor, ...]:
        return self.offsets(features), self.landmarks(features)


NETWORKS: dict[Name, type[_Stage]] = {"pnet": PNet, "rnet": RNet, "onet": ONet}


def build(name: Name, folder: Path) -> nn.Module:
    """Return a network in evaluation mode with the weights of a detector's folder.

    Raises:
        ModelError: The file of weights is missing, damaged or of other networks.
    """
    path = folder / WEIGHTS
    network = NETWORKS[name]()
    try:
        tensors = safetensors.torch.load(read_detector_file(folder, WEIGHTS))
        mine = {k.removeprefix(f"{name}."): v for k, v in tensors.items() if k.startswith(name)}
        network.load_state_dict(mine)
    except SafetensorError as error:
        raise ModelError(f"{path}: not a safetensors file: {error}") from error
    except RuntimeError as error:  # of load_state_dict: names or shapes differ
        reason = str(error).rpartition("\n\t")[2]
        raise ModelError(f"{path}: weights of another network than {name}: {reason}") from error
    return network.eval()
