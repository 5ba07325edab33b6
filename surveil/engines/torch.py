"""PyTorch eager in float32: the reference, and what runs on GPUs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from surveil.engines.errors import DeviceMemoryError
from surveil.engines.network import Network
from surveil.engines.shapes import InputShape

TOLERANCE = 1e-4
"""On a GPU, and with weights in another order in memory, sums are taken in another order."""


class ModuleBlueprint:
    """A network that is there already.

    Args:
        module: Handed over: it may be moved and switched to evaluation mode, so nobody trains it.
        example_shape: Shape of an input it can take.
        dynamic_axes: Axes of the input whose size may differ from that.
    """

    def __init__(
        self,
        module: nn.Module,
        example_shape: tuple[int, ...],
        *,
        dynamic_axes: tuple[int, ...] = (0,),
    ) -> None:
        self._module = module
        self._example_shape = example_shape
        self._dynamic_axes = dynamic_axes

    def onnx(self) -> bytes:
        """See :class:`~surveil.engines.blueprint.Blueprint`."""
        # Its libraries come with the extra `train`; a GPU is served without them.
        from surveil.engines.exporting import to_onnx

        return to_onnx(self._module, self._example_shape, dynamic_axes=self._dynamic_axes)

    def build(self) -> nn.Module:
        """See :class:`~surveil.engines.blueprint.Blueprint`."""
        return self._module


class TorchNetwork:
    """A module in evaluation mode on one device, with its convolution weights channels-last.

    Convolutions are kept from TF32, which PyTorch would use on recent GPUs by default: its ten bits
    move boxes by pixels.
    """

    tolerance = TOLERANCE

    def __init__(self, module: nn.Module, device: torch.device, shape: InputShape) -> None:
        self._module = module
        self._device = device
        self._shape = shape

    def __call__(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self._shape.check(batch.shape)
        try:
            return self._run(batch)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            reason = str(error).partition("\n")[0]
        # Not in the handler: the error's traceback holds the tensors of the failed run.
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        raise DeviceMemoryError(f"{self._device}: no memory for {batch.shape}: {reason}")

    def _run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        # A tensor over memory that may not be written to would warn.
        own = batch if batch.flags.writeable else batch.copy()
        with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
            outputs = self._module(torch.from_numpy(own).to(self._device))
            if isinstance(outputs, torch.Tensor):
                outputs = (outputs,)
            return tuple(output.float().cpu().numpy() for output in outputs)


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Tell want of memory from other faults: on a CPU it has no type of its own."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def compile_torch(module: nn.Module, *, device: str, shape: InputShape) -> Network:
    """Return a module as a network on ``cpu`` or ``cuda:N``.

    The module itself is moved and switched to evaluation mode: hand over one that nobody trains.

    Raises:
        DeviceMemoryError: The device has no memory left for it.
    """
    target = torch.device(device)
    try:
        ready = module.eval().to(target).to(memory_format=torch.channels_last)
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0]
        raise DeviceMemoryError(
            f"{device} has no memory left for the networks: {reason}; free it, or set device: cpu"
        ) from error
    return TorchNetwork(ready, target, shape)
