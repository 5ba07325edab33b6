"""What OpenVINO cannot read is told as a fault of the model."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

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


COMING_AND_GOING = """
import signal, sys
from pathlib import Path
from surveil.engines.openvino import compile_openvino
from surveil.engines.shapes import InputShape

onnx = Path(sys.argv[1]).read_bytes()
first, second = (compile_openvino(onnx, shape=InputShape((None, 4)), threads=1) for _ in "ab")
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("told"))
signal.raise_signal(signal.SIGTERM)
"""


def test_a_signal_is_handled_after_networks_came_and_went(tmp_path: Path) -> None:
    onnx = tmp_path / "linear.onnx"
    onnx.write_bytes(to_onnx(nn.Linear(4, 2), (2, 4)))
    command = [sys.executable, "-c", COMING_AND_GOING, str(onnx)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode != -signal.SIGSEGV
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr
