"""ONNX files hold what OpenVINO fuses, and nothing of whoever made them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

import surveil
from surveil.engines.exporting import to_onnx


@pytest.fixture(scope="module")
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.PReLU(4),
        nn.Conv2d(4, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
    )


@pytest.fixture(scope="module")
def data(module: nn.Module) -> bytes:
    return to_onnx(module, (2, 3, 9, 11), dynamic_axes=(0, 2, 3))


def test_prelu_is_one_operation_and_batch_normalisation_none(data: bytes) -> None:
    kinds = Counter(node.op_type for node in onnx.load_from_string(data).graph.node)
    assert kinds == {"Conv": 2, "PRelu": 1, "Relu": 1}


def test_the_named_axes_are_dynamic_and_no_other(data: bytes) -> None:
    (batch,) = onnx.load_from_string(data).graph.input
    sizes = [axis.dim_value for axis in batch.type.tensor_type.shape.dim]
    assert sizes == [0, 3, 0, 0]


def test_the_same_module_gives_the_same_bytes(module: nn.Module, data: bytes) -> None:
    assert to_onnx(module, (2, 3, 9, 11), dynamic_axes=(0, 2, 3)) == data


def test_no_path_of_this_machine_is_in_it(data: bytes) -> None:
    for path in (Path.home(), Path(surveil.__file__).parent.parent, Path(torch.__file__).parent):
        assert str(path).encode() not in data


def test_the_module_is_left_as_it_was(module: nn.Module) -> None:
    module.train()
    to_onnx(module, (2, 3, 9, 11))
    assert module.training
