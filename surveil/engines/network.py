"""The contract between those who have a network to run and the engines that run it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EngineName(StrEnum):
    """What runs a network. ``AUTO`` takes OpenVINO on a CPU and PyTorch on a GPU."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


class Network(Protocol):
    """A network compiled for one device.

    Called in the inference process by one thread at a time: a network keeps buffers between calls.
    It keeps nothing else, so equal batches give equal outputs, and an output does not depend on the
    rest of its batch by more than rounding.

    Arrays are those of the host: whoever composes networks of any engine, as the cascade on a CPU
    does, reads each one's outputs there. On a device of its own memory that costs a copy and a wait
    between stages. Stages that are to stay on their device are compiled as one network, or are a
    :class:`~surveil.detect.Detector` of their own, which hands out detections and nothing of the
    device; there is no array in this contract that only some callers could read.
    """

    @property
    def tolerance(self) -> float:
        """Largest difference to PyTorch eager in float32 on a CPU, on outputs of order 1.

        It belongs to the engine: one that computes in fewer bits states more. Tests ask for it and
        keep no number of their own.
        """
        ...

    def __call__(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run the network.

        Args:
            batch: Input of the shape compiled for, C-contiguous; only dynamic axes may differ, and
                a batch of none is allowed nowhere. Read only.

        Returns:
            The outputs in the module's order, each owned by the caller.

        Raises:
            ValueError: The batch does not have the shape the network was compiled for.
            DeviceMemoryError: It does not fit into the device's memory; a smaller one may.
        """
        ...
