"""The networks that classify expressions, by the name ``model.json`` gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock


class Architecture(BaseModel):
    """What must be known to build a network whose weights are loaded from a file.

    Attributes:
        kind: Key of :data:`BUILDERS`.
        width: Channels of the first stage; 64 is ResNet-18's own, 32 halves all of them.
        blocks: Residual blocks per stage.
        channels: 1 for grey input, 3 for colour.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["resnet-small"] = "resnet-small"
    width: Annotated[int, Field(ge=8, le=128)] = 64
    blocks: Annotated[
        tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=4, max_length=4)
    ] = (2, 2, 2, 2)
    channels: Literal[1, 3] = 1


class SmallFaceResNet(nn.Module):
    """ResNet of torchvision's basic blocks with a stem for faces of some 48 px.

    The stem is one 3x3 convolution of stride 1 in place of a 7x7 of stride 2 and a pooling, as is
    usual for small pictures (He et al. 2015, section 4.2). Names match torchvision's ``ResNet``,
    so that weights of equal width load into each other.
    """

    def __init__(self, architecture: Architecture, classes: int) -> None:
        super().__init__()
        width = architecture.width
        self.conv1 = nn.Conv2d(architecture.channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        counts = architecture.blocks
        self.layer1 = _stage(width, width, counts[0], stride=1)
        self.layer2 = _stage(width, 2 * width, counts[1], stride=2)
        self.layer3 = _stage(2 * width, 4 * width, counts[2], stride=2)
        self.layer4 = _stage(4 * width, 8 * width, counts[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, batch: Tensor) -> Tensor:
        """Return pooled features ``(N, 8 * width)`` of a batch ``(N, C, H, W)``."""
        x = self.relu(self.bn1(self.conv1(batch)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return torch.flatten(self.avgpool(x), 1)

    def forward(self, batch: Tensor) -> Tensor:
        """Return logits ``(N, K)``."""
        logits: Tensor = self.fc(self.features(batch))
        return logits


def _stage(channels: int, planes: int, count: int, *, stride: int) -> nn.Sequential:
    downsample = None
    if stride != 1 or channels != planes:
        downsample = nn.Sequential(
            nn.Conv2d(channels, planes, 1, stride=stride, bias=False), nn.BatchNorm2d(planes)
        )
    first = BasicBlock(channels, planes, stride, downsample)
    return nn.Sequential(first, *(BasicBlock(planes, planes) for _ in range(count - 1)))


BUILDERS: dict[str, Callable[[Architecture, int], SmallFaceResNet]] = {
    "resnet-small": SmallFaceResNet
}
"""Architecture kind to the function that builds it with fresh weights."""


def build_network(architecture: Architecture, classes: int) -> SmallFaceResNet:
    """Return a network with fresh weights, in training mode, that maps to ``classes`` logits."""
    return BUILDERS[architecture.kind](architecture, classes)
