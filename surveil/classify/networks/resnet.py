"""The networks that classify expressions, built by what ``model.json`` says of them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.models.resnet import BasicBlock

from surveil.models.architecture import ResNet18, ResNetSmall


class FaceNetwork(nn.Module, ABC):
    """A trunk that gives features, and one linear layer ``fc`` that scores them.

    A second head may be trained on the same features.
    """

    fc: nn.Linear
    dropout: nn.Dropout

    @abstractmethod
    def features(self, batch: Tensor) -> Tensor:
        """Return features ``(N, fc.in_features)`` of a batch ``(N, C, H, W)``."""

    def forward(self, batch: Tensor) -> Tensor:
        """Return logits ``(N, K)``."""
        logits: Tensor = self.fc(self.dropout(self.features(batch)))
        return logits


class SmallFaceResNet(FaceNetwork):
    """ResNet of torchvision's basic blocks with a stem for faces of some 48 px.

    The stem is one 3x3 convolution of stride 1 in place of a 7x7 of stride 2 and a pooling, as is
    usual for small pictures (He et al. 2015, section 4.2). Names match torchvision's ``ResNet``,
    so that weights of equal width load into each other.
    """

    def __init__(self, architecture: ResNetSmall, classes: int) -> None:
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
        self.dropout = nn.Dropout(architecture.dropout)
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, batch: Tensor) -> Tensor:
        """Return pooled features ``(N, 8 * width)`` of a batch ``(N, C, H, W)``."""
        x = self.relu(self.bn1(self.conv1(batch)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return torch.flatten(self.avgpool(x), 1)


class FaceResNet18(FaceNetwork):
    """torchvision's ResNet-18; its ImageNet weights load into ``trunk`` but for the last layer."""

    def __init__(self, architecture: ResNet18, classes: int) -> None:
        super().__init__()
        self.trunk = resnet18(weights=None)
        width = self.trunk.fc.in_features
        self.trunk.fc = nn.Identity()
        self.dropout = nn.Dropout(architecture.dropout)
        self.fc = nn.Linear(width, classes)

    def features(self, batch: Tensor) -> Tensor:
        """Return pooled features ``(N, 512)`` of a batch ``(N, 3, H, W)``."""
        pooled: Tensor = self.trunk(batch)
        return pooled


def _stage(channels: int, planes: int, count: int, *, stride: int) -> nn.Sequential:
    downsample = None
    if stride != 1 or channels != planes:
        downsample = nn.Sequential(
            nn.Conv2d(channels, planes, 1, stride=stride, bias=False), nn.BatchNorm2d(planes)
        )
    first = BasicBlock(channels, planes, stride, downsample)
    return nn.Sequential(first, *(BasicBlock(planes, planes) for _ in range(count - 1)))
