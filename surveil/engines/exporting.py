"""From a PyTorch module to an ONNX file: what training does and ``surveil export``, not serving.

PyTorch's exporter keeps what OpenVINO fuses: PReLU stays one operation, and batch normalisation in
evaluation mode becomes part of the convolution before it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable

import onnx
import torch
from torch import nn
from torch.export import Dim

OPSET = 20
"""Version of the operators; OpenVINO 2025 reads up to 21."""


def to_onnx(
    module: nn.Module, example_shape: tuple[int, ...], *, dynamic_axes: Iterable[int] = (0,)
) -> bytes:
    """Return a module in evaluation mode as an ONNX file. The module itself is not touched.

    The same module gives the same bytes, and they name no file of the machine that made them.

    Args:
        module: Takes one float32 tensor, returns a tensor or a tuple of tensors.
        example_shape: Shape of an input; dynamic axes of at least 2, all of different sizes.
        dynamic_axes: Axes whose size may differ from the example's.
    """
    dynamic = dict.fromkeys(dynamic_axes, Dim.AUTO)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch to its own developers
        program = torch.onnx.export(
            copy.deepcopy(module).eval().cpu(),
            (torch.zeros(example_shape),),
            dynamo=True,
            dynamic_shapes=(dynamic,),
            opset_version=OPSET,
            input_names=["batch"],
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    strip(model)
    return bytes(model.SerializeToString(deterministic=True))


def strip(model: onnx.ModelProto) -> None:
    """Take out what only says how the file was made, stack traces with paths among it."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.ClearField("producer_version")
    graph.ClearField("value_info")
    graph.name = "network"
