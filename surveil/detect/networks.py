"""MTCNN's three networks, with the weights that facenet-pytorch carries in its wheel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from numpy.typing import NDArray
from torch import Tensor, nn

from surveil.engines import EngineName, Network, compile_network


def normalise(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring pixels of 0..255 into the networks' range, -1..1, in place, and return them.

    The constants are facenet-pytorch's (``detect_face``).
    """
    pixels -= np.float32(127.5)
    pixels *= np.float32(0.0078125)
    return pixels


class _ChannelsLast(nn.Module):
    """Takes pixels ``(B, H, W, 3)`` and gives offsets, then landmarks if any, then scores.

    The networks give the probabilities of "no face" and "face"; only the second one is handed on.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        outputs = cast("tuple[Tensor, ...]", self._network(pixels.permute(0, 3, 1, 2)))
        return (*outputs[:-1], outputs[-1][:, 1])


@dataclass(frozen=True, slots=True)
class MtcnnNetworks:
    """The networks of the cascade, compiled for one device.

    All take float32 ``(B, H, W, 3)``, RGB, as :func:`normalise` gives it. Offsets are ``x1, y1,
    x2, y2`` in fractions of a box, landmarks five ``x`` and then five ``y`` in the same.

    Attributes:
        proposal: P-Net, any H and W from 12: offsets ``(B, 4, h, w)``, scores ``(B, h, w)`` of
            12-pixel windows at a stride of 2.
        refinement: R-Net, 24 x 24: offsets ``(B, 4)``, scores ``(B,)``.
        output: O-Net, 48 x 48: offsets ``(B, 4)``, landmarks ``(B, 10)``, scores ``(B,)``.
    """

    proposal: Network
    refinement: Network
    output: Network

    @classmethod
    def load(
        cls,
        *,
        device: str = "cpu",
        engine: EngineName = EngineName.AUTO,
        threads: int | None = None,
        cache_dir: Path | None = None,
    ) -> MtcnnNetworks:
        """Read the weights from the installed wheel and compile the networks for a device.

        Args:
            device: ``cpu`` or ``cuda:N``.
            engine: Which engine runs them.
            threads: CPU threads of one network; see :func:`~surveil.engines.compile_network`.
            cache_dir: Folder in which converted networks are kept.
        """

        def compiled(network: nn.Module, shape: tuple[int, ...], *axes: int) -> Network:
            with torch.no_grad():
                return compile_network(
                    _ChannelsLast(network),
                    device=device,
                    example_shape=shape,
                    dynamic_axes=axes,
                    engine=engine,
                    threads=threads,
                    cache_dir=cache_dir,
                )

        return cls(
            proposal=compiled(PNet(), (2, 41, 62, 3), 1, 2),
            refinement=compiled(RNet(), (2, 24, 24, 3)),
            output=compiled(ONet(), (2, 48, 48, 3)),
        )
