"""What OpenVINO cannot read is told as a fault of the model."""

from __future__ import annotations

import pytest
from torch import nn

from surveil.engines.exporting import to_onnx
from surveil.engines.openvino import compile_openvino
from surveil.engines.shapes import InputShape
from surveil.errors import ModelError

SHAPE = InputShape((None, 4))


@pytest.mark.parametrize("cut", [0, 40, 150])
def test_a_truncated_file_is_a_model_error(cut: int) -> None:
    data = to_onnx(nn.Linear(4, 2), (2, 4))
    with pytest.raises(ModelError, match=r"cannot read a network for \(\*, 4\)"):
        compile_openvino(data[:cut], shape=SHAPE, threads=1)


def test_what_is_no_onnx_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="OpenVINO cannot read"):
        compile_openvino(b"\xff" * 99, shape=SHAPE, threads=1)


def test_a_network_for_another_input_is_a_model_error() -> None:
    data = to_onnx(nn.Linear(5, 2), (2, 5))
    with pytest.raises(ModelError, match="OpenVINO cannot read"):
        compile_openvino(data, shape=SHAPE, threads=1)
