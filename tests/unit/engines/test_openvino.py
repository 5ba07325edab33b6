"""What OpenVINO cannot read is told as a fault of the model."""

from __future__ import annotations

import numpy as np
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


def test_shapes_alternate_over_copies_and_more_than_there_are_take_turns() -> None:
    data = to_onnx(nn.Sequential(nn.Linear(4, 2), nn.PReLU()), (2, 4))
    one = compile_openvino(data, shape=SHAPE, threads=1)
    some = compile_openvino(data, shape=SHAPE, threads=1, copies=2)
    batches = [
        np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32)
        for rows in (1, 2, 3, 1, 2, 1, 3, 3)
    ]
    assert [one(batch)[0].tobytes() for batch in batches] == [
        some(batch)[0].tobytes() for batch in batches
    ]
