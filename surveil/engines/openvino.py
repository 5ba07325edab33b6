"""OpenVINO in float32: what runs on CPUs. It reads ONNX and needs no PyTorch."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from surveil.engines.errors import DeviceMemoryError
from surveil.engines.keeping import KeptNetworks, key_of
from surveil.engines.network import Network
from surveil.engines.shapes import InputShape
from surveil.errors import ModelError

TOLERANCE = 1e-4
"""Sums are taken in another order than PyTorch's, and convolutions fused with what follows them."""

SHAPES_KEPT = 32
"""Operations that stay prepared for the shapes they met, per network. OpenVINO keeps 5,000: sizes
of batches and of parts of frames differ all the time, and 120 MB were held after 1,000 frames."""

_FAILED_ALLOCATION = re.compile(r"Failed to allocate \d+ bytes of memory|std::bad_alloc")


class OpenvinoNetwork:
    """A compiled model, and copies of it for the shapes that it meets.

    A model prepares itself anew whenever the shape changes, even to one that it had before: R-Net
    takes a quarter more time so, P-Net over a pyramid a third. With a copy for each shape none
    changes; the one that was unused for longest serves a shape that is new.

    Args:
        core: Makes copies.
        compiled: The model.
        options: Of its compilation.
        shape: Of its input.
        copies: The most that are made, the first included; they are made when they are needed.
    """

    tolerance = TOLERANCE

    def __init__(
        self,
        core: openvino.Core,
        compiled: openvino.CompiledModel,
        options: dict[str, Any],
        shape: InputShape,
        copies: int = 1,
    ) -> None:
        self._core = core
        self._compiled = compiled
        self._options = options
        self._outputs = range(len(compiled.outputs))
        self._shape = shape
        self._copies = copies
        self._requests: dict[tuple[int, ...], openvino.InferRequest] = {}

    def __call__(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self._shape.check(batch.shape)
        request = self._request_for(batch.shape)
        try:
            request.infer([batch], share_inputs=True, share_outputs=True)
        except RuntimeError as error:
            reason = _FAILED_ALLOCATION.search(str(error))  # OpenVINO has no type for it
            if reason is None:
                raise
            raise DeviceMemoryError(f"cpu: no memory for {batch.shape}: {reason[0]}") from error
        # Copy: the request writes the next outputs into the same memory.
        return tuple(request.get_output_tensor(i).data.copy() for i in self._outputs)

    def _request_for(self, shape: tuple[int, ...]) -> openvino.InferRequest:
        request = self._requests.pop(shape, None)
        if request is None and len(self._requests) < self._copies:
            request = self._copy().create_infer_request()
        elif request is None:
            request = self._requests.pop(next(iter(self._requests)))
        self._requests[shape] = request  # last: that used last
        return request

    def _copy(self) -> openvino.CompiledModel:
        if not self._requests:
            return self._compiled
        content = self._compiled.export_model().getvalue()
        return self._core.import_model(content, "CPU", self._options)


def compile_openvino(
    onnx: bytes | Path,
    *,
    shape: InputShape,
    threads: int | None,
    kept: KeptNetworks | None = None,
    copies: int = 1,
) -> Network:
    """Return a network on the CPU.

    Precision is float32 on every CPU: left alone, OpenVINO takes bfloat16 where the CPU has it,
    which agrees with nothing; operations that a file has in 8 bits stay so. Threads are not pinned
    to cores, as other processes need those, too.

    Args:
        onnx: The file's content; or the path of a file of OpenVINO's own form, ``.xml``.
        shape: Of its input.
        threads: That it may use; ``None`` leaves it to OpenVINO.
        kept: Where to look for it compiled, and to leave it: reading that takes a sixth of the
            time, and gives the same outputs. Without, it is compiled.
        copies: See :class:`OpenvinoNetwork`.

    Raises:
        ModelError: It is not a file that OpenVINO knows, or takes no input of that shape.
    """
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": SHAPES_KEPT,
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    core = _core_of_process()
    compiled = _read_or_compile(core, onnx, shape, options, kept)
    return OpenvinoNetwork(core, compiled, options, shape, copies)


@functools.cache
def _core_of_process() -> openvino.Core:
    """Return the one core of this process, which is never given back.

    With its plugin for CPUs a core gives the thread that makes it a stack for signals, and unmaps
    that at its end, whoever stands on it by then: of two cores that end in the order of their
    beginning, the second leaves the thread on the first one's memory, and any signal that Python
    handles there is a segmentation fault.
    """
    return openvino.Core()


def _read_or_compile(
    core: openvino.Core,
    onnx: bytes | Path,
    shape: InputShape,
    options: dict[str, Any],
    kept: KeptNetworks | None,
) -> openvino.CompiledModel:
    if kept is None or isinstance(onnx, Path):
        return _compiled(core, onnx, shape, options)
    cpu = core.get_property("CPU", "FULL_DEVICE_NAME")
    abilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    facts = {"shape": shape, "cpu": cpu, "abilities": sorted(abilities)}
    key = key_of(onnx, {**options, **facts, "version": openvino.get_version()})
    content = kept.read(key)
    if content is not None:
        try:
            return core.import_model(content, "CPU", options)
        except RuntimeError as error:
            kept.reject(key, " ".join(str(error).split())[-200:])
    compiled = _compiled(core, onnx, shape, options)
    kept.write(key, compiled.export_model().getvalue())
    return compiled


def _compiled(
    core: openvino.Core, onnx: bytes | Path, shape: InputShape, options: dict[str, Any]
) -> openvino.CompiledModel:
    try:
        model = core.read_model(onnx)
        model.reshape(openvino.PartialShape([-1 if n is None else n for n in shape.sizes]))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"OpenVINO cannot read a network for {shape}: {reason[-300:]}") from error
    return core.compile_model(model, "CPU", options)
