"""The reference networks and their weights: what of classification needs PyTorch."""

from surveil.classify.networks.building import build_network
from surveil.classify.networks.resnet import FaceNetwork, FaceResNet18
from surveil.classify.networks.stored import StoredModel, read_model, write_model, write_network

__all__ = [
    "FaceNetwork",
    "FaceResNet18",
    "StoredModel",
    "build_network",
    "read_model",
    "write_model",
    "write_network",
]
