"""MTCNN's three networks, as their folder of ``models/`` holds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from surveil.engines import EngineName, KeptNetworks, Network, compile_network
from surveil.models import Precision, find_model
from surveil.models.detectors import MTCNN, read_detector_file

if TYPE_CHECKING:
    from torch import nn

Name = Literal["pnet", "rnet", "onet"]
"""Of a network, as its file is called."""


def normalise(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring pixels of 0..255 into the networks' range, -1..1, in place, and return them.

    The constants are facenet-pytorch's (``detect_face``).
    """
    pixels -= np.float32(127.5)
    pixels *= np.float32(0.0078125)
    return pixels


class _Stored:
    """One of the three, as a blueprint."""

    def __init__(self, name: Name, folder: Path, precision: Precision) -> None:
        self._name = name
        self._folder = folder
        self._file = f"{name}.onnx" if precision is Precision.FLOAT32 else f"{name}-int8.onnx"

    def onnx(self) -> bytes:
        """See :class:`~surveil.engines.Blueprint`."""
        return read_detector_file(self._folder, self._file)

    def build(self) -> nn.Module:
        """See :class:`~surveil.engines.Blueprint`."""
        from surveil.detect.modules import build

        return build(self._name, self._folder)


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
        folder: Path | None = None,
        precision: Precision = Precision.FLOAT32,
        kept: KeptNetworks | None = None,
    ) -> MtcnnNetworks:
        """Read the networks and compile them for a device.

        Args:
            device: ``cpu`` or ``cuda:N``.
            engine: Which engine runs them.
            threads: CPU threads of one network; see :func:`~surveil.engines.compile_network`.
            folder: Of the networks; ``None`` is the one that ships with the package.
            precision: On a CPU; GPUs compute as PyTorch does.
            kept: Where they are looked for compiled; see :func:`~surveil.engines.compile_network`.

        Raises:
            ModelError: A file is missing or damaged.
        """
        source = folder or find_model(MTCNN)

        def compiled(name: Name, shape: tuple[int, ...], *axes: int) -> Network:
            return compile_network(
                _Stored(name, source, precision),
                device=device,
                example_shape=shape,
                dynamic_axes=axes,
                engine=engine,
                threads=threads,
                kept=kept,
            )

        return cls(
            proposal=compiled("pnet", (2, 41, 62, 3), 1, 2),
            refinement=compiled("rnet", (2, 24, 24, 3)),
            output=compiled("onet", (2, 48, 48, 3)),
        )
