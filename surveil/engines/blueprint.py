"""A network that an engine may compile, in the two forms that engines read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import nn


class Blueprint(Protocol):
    """What an engine is given of a network.

    A CPU serves the one form and a GPU the other, so neither needs the libraries of both: PyTorch
    takes seconds and a gigabyte to import. Both forms have the same input and outputs. An engine
    calls one of them, once.
    """

    def onnx(self) -> bytes:
        """Return the network as an ONNX file, without PyTorch where the file is there already.

        Raises:
            ModelError: A file of the network is missing or damaged.
        """
        ...

    def build(self) -> nn.Module:
        """Return the network, which is the caller's to change and move from then on.

        It takes one float32 tensor and returns a tensor or a tuple of tensors.

        Raises:
            ModelError: A file of the network is missing or damaged.
        """
        ...
