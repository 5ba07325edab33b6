"""Networks in 8 bits: the same answers by and large, from a smaller file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import surveil
from surveil.engines.exporting import to_onnx
from surveil.engines.openvino import compile_openvino
from surveil.engines.quantising import to_int8
from surveil.engines.shapes import InputShape

SHAPE = InputShape((None, 3, 12, 12))


@pytest.fixture(scope="module")
def full() -> bytes:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 32, 3), nn.PReLU(32), nn.Conv2d(32, 32, 3), nn.ReLU())
    return to_onnx(layers, (2, 3, 12, 12))


@pytest.fixture(scope="module")
def batches() -> list[np.ndarray]:
    return list(np.random.default_rng(0).normal(size=(40, 2, 3, 12, 12)).astype(np.float32))


@pytest.fixture(scope="module")
def small(full: bytes, batches: list[np.ndarray]) -> bytes:
    return to_int8(full, batches)


def test_answers_are_nearly_those_of_the_network(
    full: bytes, small: bytes, batches: list[np.ndarray]
) -> None:
    (wanted,), (found,) = (
        compile_openvino(data, shape=SHAPE, threads=1)(batches[0]) for data in (full, small)
    )
    assert wanted.shape == found.shape
    assert not np.array_equal(wanted, found)
    assert np.abs(found - wanted).mean() < 0.05 * np.abs(wanted).mean()


def test_weights_take_a_byte_each(full: bytes, small: bytes) -> None:
    kinds = [
        tensor.data_type
        for tensor in onnx.load_from_string(small).graph.initializer
        if np.prod(tensor.dims) >= 3 * 32 * 9
    ]
    assert kinds == [onnx.TensorProto.INT8] * 2
    assert len(small) < len(full)


def test_the_same_input_gives_the_same_bytes(
    full: bytes, small: bytes, batches: list[np.ndarray]
) -> None:
    assert to_int8(full, batches) == small


def test_no_path_of_this_machine_is_in_it(small: bytes) -> None:
    for path in (Path.home(), Path(surveil.__file__).parent.parent, Path(torch.__file__).parent):
        assert str(path).encode() not in small
