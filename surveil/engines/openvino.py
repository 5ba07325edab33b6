"""OpenVINO in float32: what runs on CPUs."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder
from torch import Tensor, nn
from torch.export import Dim

from surveil.engines.cache import converted, fingerprint
from surveil.engines.errors import DeviceMemoryError
from surveil.engines.network import Network
from surveil.engines.shapes import InputShape

_FAILED_ALLOCATION = re.compile(r"Failed to allocate \d+ bytes of memory|std::bad_alloc")


class OpenvinoNetwork:
    """A compiled model with one inference request of its own."""

    def __init__(self, compiled: openvino.CompiledModel, shape: InputShape) -> None:
        self._request = compiled.create_infer_request()
        self._outputs = range(len(compiled.outputs))
        self._shape = shape

    def __call__(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self._shape.check(batch.shape)
        try:
            self._request.infer([batch], share_inputs=True, share_outputs=True)
        except RuntimeError as error:
            reason = _FAILED_ALLOCATION.search(str(error))  # OpenVINO has no type for it
            if reason is None:
                raise
            raise DeviceMemoryError(f"cpu: no memory for {batch.shape}: {reason[0]}") from error
        # Copy: the request writes the next outputs into the same memory.
        return tuple(self._request.get_output_tensor(i).data.copy() for i in self._outputs)


class _PreluOfRelus(nn.Module):
    """PReLU in a form that survives export as such.

    ``torch.export`` takes PReLU apart into compare, multiply and select, which costs P-Net more
    than its convolutions do; OpenVINO knows this form and fuses it into the convolution before it.
    """

    def __init__(self, prelu: nn.PReLU) -> None:
        super().__init__()
        self._slope = prelu.weight

    def forward(self, values: Tensor) -> Tensor:
        slope: Tensor = self._slope
        if slope.numel() > 1:
            slope = slope.reshape(-1, *[1] * (values.dim() - 2))
        return torch.relu(values) - slope * torch.relu(-values)


def _fusible(module: nn.Module) -> nn.Module:
    """Return a copy of a module in evaluation mode in which every PReLU can be fused."""
    copied = copy.deepcopy(module).eval()
    for parent in list(copied.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.PReLU):
                setattr(parent, name, _PreluOfRelus(child))
    return copied


def _convert(module: nn.Module, example_shape: tuple[int, ...], shape: InputShape) -> Any:
    """Return a module as an OpenVINO model.

    ``openvino.convert_model`` would do it too, but it reports every conversion to Google Analytics
    unless the user has opted out; the front end it uses does not.
    """
    dynamic = {axis: Dim.AUTO for axis, size in enumerate(shape.sizes) if size is None}
    with torch.no_grad():
        program = torch.export.export(
            _fusible(module).cpu(), (torch.zeros(example_shape),), dynamic_shapes=(dynamic,)
        ).run_decompositions()
    front_end = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchFXPythonDecoder(program.module())  # must outlive the conversion
    model = front_end.convert(front_end.load(decoder))
    model.reshape(openvino.PartialShape([-1 if size is None else size for size in shape.sizes]))
    return model


def compile_openvino(
    module: nn.Module,
    *,
    example_shape: tuple[int, ...],
    shape: InputShape,
    threads: int | None,
    cache_dir: Path | None = None,
) -> Network:
    """Return a module as a network on the CPU. The module itself is not touched.

    Precision is float32 on every CPU: left alone, OpenVINO takes bfloat16 where the CPU has it,
    which agrees with nothing. Threads are not pinned to cores, as other processes need those, too.
    """
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    key = fingerprint(module, example_shape, shape.sizes) if cache_dir else ""
    model = converted(cache_dir, key, lambda: _convert(module, example_shape, shape))
    return OpenvinoNetwork(openvino.Core().compile_model(model, "CPU", options), shape)
