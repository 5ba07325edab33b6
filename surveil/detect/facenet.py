"""The networks of facenet-pytorch as PyTorch modules: what of detection needs PyTorch."""

from __future__ import annotations

from typing import cast

from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn

_NETWORKS = {"pnet": PNet, "rnet": RNet, "onet": ONet}


def build(name: str) -> nn.Module:
    """Return ``pnet``, ``rnet`` or ``onet`` with its weights, in evaluation mode.

    It takes pixels ``(B, H, W, 3)`` and gives offsets, then landmarks if any, then scores.
    """
    return _ChannelsLast(_NETWORKS[name]()).eval()


class _ChannelsLast(nn.Module):
    """Takes pixels with channels last; of "no face" and "face", only the latter's score goes on."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        outputs = cast("tuple[Tensor, ...]", self._network(pixels.permute(0, 3, 1, 2)))
        return (*outputs[:-1], outputs[-1][:, 1])
