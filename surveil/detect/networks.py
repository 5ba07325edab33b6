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


PROPOSAL_COPIES = 12
"""Of P-Net in float32: a pyramid has nine levels at 720p, and few more at 8K."""

CROPS_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)
"""Sizes of R-Net's and O-Net's batches in float32, each of which has a copy of the network: exact
detection takes an eighth less time so. In 8 bits, where all takes a third, it gains nothing."""


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
        crops_at_once: Sizes of the batches that the second and third get, largest first; any, where
            there are none.
        output: O-Net, 48 x 48: offsets ``(B, 4)``, landmarks ``(B, 10)``, scores ``(B,)``.
    """

    proposal: Network
    refinement: Network
    output: Network
    crops_at_once: tuple[int, ...] = ()

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
        has_copies = device == "cpu" and precision is Precision.FLOAT32
        sizes = CROPS_AT_ONCE if has_copies else ()
        copies = len(sizes) or 1

        def compiled(name: Name, copies: int, shape: tuple[int, ...], *axes: int) -> Network:
            return compile_network(
                _Stored(name, source, precision),
                device=device,
                example_shape=shape,
                dynamic_axes=axes,
                engine=engine,
                threads=threads,
                kept=kept,
                copies=copies,
            )

        return cls(
            proposal=compiled("pnet", PROPOSAL_COPIES if sizes else 1, (2, 41, 62, 3), 1, 2),
            refinement=compiled("rnet", copies, (2, 24, 24, 3)),
            output=compiled("onet", copies, (2, 48, 48, 3)),
            crops_at_once=sizes,
        )
