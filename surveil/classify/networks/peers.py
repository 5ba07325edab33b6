"""Networks of other makers, built as they describe them, so that all can be compared."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from surveil.classify.networks.resnet import FaceNetwork
from surveil.models.architecture import ColourCnn, Conv5, DeepEmotion, KerasCnn


class DeepEmotionNetwork(FaceNetwork):
    """A spatial transformer (Jaderberg et al. 2015) that looks for the telling part, then a CNN.

    Minaee and Abdolrashidi 2019, section 3, with the sizes of its usual PyTorch version.
    """

    def __init__(self, architecture: DeepEmotion, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 3)
        self.conv2 = nn.Conv2d(10, 10, 3)
        self.conv3 = nn.Conv2d(10, 10, 3)
        self.conv4 = nn.Conv2d(10, 10, 3)
        self.norm = nn.BatchNorm2d(10)
        self.hidden = nn.Linear(810, 50)
        self.localisation = nn.Sequential(
            nn.Conv2d(1, 8, 7), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(640, 32), nn.ReLU(),
        )  # fmt: skip
        self.where = nn.Linear(32, 6)
        # Begins by looking at the whole face.
        nn.init.zeros_(self.where.weight)
        self.where.bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))
        self.dropout = nn.Dropout(0.0)
        self.spatial_dropout = nn.Dropout(architecture.dropout)
        self.fc = nn.Linear(50, classes)

    def features(self, batch: Tensor) -> Tensor:
        """Return features ``(N, 50)`` of a batch ``(N, 1, 48, 48)``."""
        theta = self.where(self.localisation(batch)).view(-1, 2, 3)
        grid = functional.affine_grid(theta, list(batch.shape), align_corners=False)
        x = functional.grid_sample(batch, grid.to(batch.dtype), align_corners=False)
        x = functional.max_pool2d(self.conv2(functional.relu(self.conv1(x))), 2).relu()
        x = self.norm(self.conv4(functional.relu(self.conv3(x))))
        x = self.spatial_dropout(functional.max_pool2d(x, 2).relu())
        return functional.relu(self.hidden(torch.flatten(x, 1)))


class KerasCnnNetwork(FaceNetwork):
    """conv 32, 64, BN, pool; conv 128, 256 (the last unpadded), BN, pool; dense 1024.

    The architecture's dropout follows each pool. Behind the dense layer it is doubled, as its
    makers have 0.25 and 0.5, but from 0.5 on it is the same, as twice that would drop all.
    """

    def __init__(self, architecture: KerasCnn, classes: int) -> None:
        super().__init__()
        drop = architecture.dropout
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(64),
            nn.MaxPool2d(2), nn.Dropout(drop),
            nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(),
            nn.Conv2d(128, 256, 3), nn.ReLU(), nn.BatchNorm2d(256),
            nn.MaxPool2d(2), nn.Dropout(drop),
            nn.Flatten(), nn.Linear(256 * 11 * 11, 1024), nn.ReLU(),
        )  # fmt: skip
        self.dropout = nn.Dropout(2 * drop if drop < 0.5 else drop)
        self.fc = nn.Linear(1024, classes)

    def features(self, batch: Tensor) -> Tensor:
        """Return features ``(N, 1024)`` of a batch ``(N, 1, 48, 48)``."""
        dense: Tensor = self.trunk(batch)
        return dense


class Conv5Network(FaceNetwork):
    """Blocks of 32 (3x3), 64 (5x5), 128, 256 and 512 (3x3) channels; the last leaves one place."""

    def __init__(self, architecture: Conv5, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for planes, side in ((32, 3), (64, 5), (128, 3), (256, 3), (512, 3)):
            layers += [
                nn.Conv2d(channels, planes, side, padding=side // 2, bias=False),
                nn.BatchNorm2d(planes), nn.ReLU(), nn.MaxPool2d(2),
                nn.Dropout(architecture.dropout),
            ]  # fmt: skip
            channels = planes
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.dropout = nn.Dropout(0.0)
        self.fc = nn.Linear(512, classes)

    def features(self, batch: Tensor) -> Tensor:
        """Return features ``(N, 512)`` of a batch ``(N, 1, 48, 48)``."""
        flat: Tensor = self.trunk(batch)
        return flat


class ColourCnnNetwork(FaceNetwork):
    """Four blocks of two convolutions (VGG's pattern), pooled over all places."""

    def __init__(self, architecture: ColourCnn, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for planes in (32, 64, 128, 256):
            stride = 2 if channels == 3 else 1
            layers += [
                nn.Conv2d(channels, planes, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(planes), nn.ReLU(),
                nn.Conv2d(planes, planes, 3, padding=1, bias=False),
                nn.BatchNorm2d(planes), nn.ReLU(), nn.MaxPool2d(2),
            ]  # fmt: skip
            channels = planes
        self.trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout = nn.Dropout(architecture.dropout)
        self.fc = nn.Linear(256, classes)

    def features(self, batch: Tensor) -> Tensor:
        """Return pooled features ``(N, 256)`` of a batch ``(N, 3, H, W)``."""
        pooled: Tensor = self.trunk(batch)
        return pooled
