"""From the description of a network to the network."""

from __future__ import annotations

from typing import assert_never

from surveil.classify.networks.peers import (
    ColourCnnNetwork,
    Conv5Network,
    DeepEmotionNetwork,
    KerasCnnNetwork,
)
from surveil.classify.networks.resnet import FaceNetwork, FaceResNet18, SmallFaceResNet
from surveil.models.architecture import (
    Architecture,
    ColourCnn,
    Conv5,
    DeepEmotion,
    KerasCnn,
    ResNet18,
    ResNetSmall,
)


def build_network(architecture: Architecture, classes: int) -> FaceNetwork:
    """Return a network with fresh weights, in training mode, that maps to ``classes`` logits."""
    match architecture:
        case ResNetSmall():
            return SmallFaceResNet(architecture, classes)
        case ResNet18():
            return FaceResNet18(architecture, classes)
        case DeepEmotion():
            return DeepEmotionNetwork(architecture, classes)
        case KerasCnn():
            return KerasCnnNetwork(architecture, classes)
        case Conv5():
            return Conv5Network(architecture, classes)
        case ColourCnn():
            return ColourCnnNetwork(architecture, classes)
    assert_never(architecture)
