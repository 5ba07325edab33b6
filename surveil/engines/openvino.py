"""OpenVINO in float32: what runs on CPUs. Imports PyTorch only where a network is converted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from surveil.engines.blueprint import Blueprint
from surveil.engines.cache import converted, entry_key
from surveil.engines.errors import DeviceMemoryError
from surveil.engines.network import Network
from surveil.engines.shapes import InputShape

TOLERANCE = 1e-4
"""Sums are taken in another order than PyTorch's, and convolutions fused with what follows them."""

_FAILED_ALLOCATION = re.compile(r"Failed to allocate \d+ bytes of memory|std::bad_alloc")


class OpenvinoNetwork:
    """A compiled model with one inference request of its own."""

    tolerance = TOLERANCE

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


def compile_openvino(
    blueprint: Blueprint,
    *,
    example_shape: tuple[int, ...],
    shape: InputShape,
    threads: int | None,
    cache_dir: Path | None = None,
) -> Network:
    """Return a network on the CPU.

    Precision is float32 on every CPU: left alone, OpenVINO takes bfloat16 where the CPU has it,
    which agrees with nothing. Threads are not pinned to cores, as other processes need those, too.

    Raises:
        ModelError: A file of the network is missing or damaged.
    """
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads

    def build() -> openvino.Model:
        # PyTorch with it: only where no converted network is kept.
        from surveil.engines.conversion import convert

        return convert(blueprint.build(), example_shape, shape)

    if cache_dir is None:
        model = build()
    else:
        key = entry_key(blueprint.digest(), example_shape, shape.sizes)
        model = converted(cache_dir, key, build)
    return OpenvinoNetwork(openvino.Core().compile_model(model, "CPU", options), shape)
