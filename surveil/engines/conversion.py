"""From a PyTorch module to an OpenVINO model: the part of that engine that needs both libraries."""

from __future__ import annotations

import copy

import openvino
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder
from torch import Tensor, nn
from torch.export import Dim

from surveil.engines.shapes import InputShape


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


def convert(module: nn.Module, example_shape: tuple[int, ...], shape: InputShape) -> openvino.Model:
    """Return a module as an OpenVINO model. The module itself is not touched.

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
