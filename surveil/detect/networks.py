"""MTCNN's three networks, with the weights that facenet-pytorch carries in its wheel."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from surveil.engines import EngineName, Network, compile_network
from surveil.engines.blueprint import digest_of_files

if TYPE_CHECKING:
    from torch import nn

Name = Literal["pnet", "rnet", "onet"]
"""Of a network, as its file of weights is called."""


def normalise(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring pixels of 0..255 into the networks' range, -1..1, in place, and return them.

    The constants are facenet-pytorch's (``detect_face``).
    """
    pixels -= np.float32(127.5)
    pixels *= np.float32(0.0078125)
    return pixels


class _Facenet:
    """One of the three, as a blueprint."""

    def __init__(self, name: Name) -> None:
        self._name = name

    def digest(self) -> str:
        """See :class:`~surveil.engines.Blueprint`."""
        spec = find_spec("facenet_pytorch")  # finds it without importing it, and PyTorch with it
        assert spec is not None
        assert spec.origin is not None
        wheel = Path(spec.origin).parent
        parts = ("models/mtcnn.py", f"data/{self._name}.pt")
        code = Path(__file__).with_name("facenet.py")
        return f"{self._name} {digest_of_files([code, *(wheel / part for part in parts)])}"

    def build(self) -> nn.Module:
        """See :class:`~surveil.engines.Blueprint`."""
        from surveil.detect.facenet import build

        return build(self._name)


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

        def compiled(name: Name, shape: tuple[int, ...], *axes: int) -> Network:
            return compile_network(
                _Facenet(name),
                device=device,
                example_shape=shape,
                dynamic_axes=axes,
                engine=engine,
                threads=threads,
                cache_dir=cache_dir,
            )

        return cls(
            proposal=compiled("pnet", (2, 41, 62, 3), 1, 2),
            refinement=compiled("rnet", (2, 24, 24, 3)),
            output=compiled("onet", (2, 48, 48, 3)),
        )
