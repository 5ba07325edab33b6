"""The shipped networks: equal to those of facenet-pytorch, in each form that is kept of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from numpy.typing import NDArray

from surveil.detect import MtcnnNetworks
from surveil.detect.modules import Name, build
from surveil.engines import Network
from surveil.errors import ModelError
from surveil.models import find_model
from surveil.models.detectors import MTCNN, read_detector, read_detector_file
from surveil.training.ship.mtcnn import add_files, export_mtcnn

FOLDER = find_model(MTCNN)
REFERENCES = {"pnet": PNet, "rnet": RNet, "onet": ONet}
SIZES: dict[Name, list[tuple[int, ...]]] = {
    "pnet": [(1, 12, 12, 3), (3, 37, 50, 3), (1, 200, 121, 3)],
    "rnet": [(1, 24, 24, 3), (7, 24, 24, 3)],
    "onet": [(1, 48, 48, 3), (5, 48, 48, 3)],
}
CASES = [(name, shape) for name, shapes in SIZES.items() for shape in shapes]


def pixels(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype(np.float32)


def expected(name: Name, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    with torch.no_grad():
        outputs = REFERENCES[name]()(torch.from_numpy(batch).permute(0, 3, 1, 2))
    return [*(one.numpy() for one in outputs[:-1]), outputs[-1][:, 1].numpy()]


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_our_modules_equal_the_reference(name: Name, shape: tuple[int, ...]) -> None:
    batch = pixels(shape)
    with torch.no_grad():
        found = build(name, FOLDER)(torch.from_numpy(batch))
    for ours, theirs in zip(found, expected(name, batch), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-6)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_every_engine_equals_the_reference(
    networks: MtcnnNetworks, name: Name, shape: tuple[int, ...]
) -> None:
    compiled: dict[Name, Network] = {
        "pnet": networks.proposal, "rnet": networks.refinement, "onet": networks.output
    }  # fmt: skip
    batch = pixels(shape)
    for ours, theirs in zip(compiled[name](batch), expected(name, batch), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=compiled[name].tolerance)


@pytest.mark.parametrize(("name", "count"), [("pnet", 3), ("rnet", 4), ("onet", 5)])
def test_prelu_is_one_operation(name: Name, count: int) -> None:
    graph = onnx.load_from_string(read_detector_file(FOLDER, f"{name}.onnx")).graph
    assert Counter(node.op_type for node in graph.node)["PRelu"] == count


def test_export_makes_the_same_networks(tmp_path: Path) -> None:
    made = export_mtcnn(tmp_path / MTCNN)
    shipped = read_detector(FOLDER)
    assert made.files["weights.safetensors"] == shipped.files["weights.safetensors"]
    assert "Permission is hereby granted" in shipped.notice
    assert set(made.files) >= {f"{name}.onnx" for name in get_args(Name)}
    for name in made.files:
        assert read_detector_file(tmp_path / MTCNN, name)


def test_files_are_added_to_those_there_are(tmp_path: Path) -> None:
    folder = tmp_path / MTCNN
    before = export_mtcnn(folder).files
    after = add_files(folder, {"pnet-int8.onnx": b"8 bits"}).files
    assert after.items() > before.items()
    assert read_detector_file(folder, "pnet-int8.onnx") == b"8 bits"
    (folder / "pnet-int8.onnx").write_bytes(b"9 bits")
    with pytest.raises(ModelError, match=r"pnet-int8\.onnx: is not the file"):
        read_detector_file(folder, "pnet-int8.onnx")
    with pytest.raises(ModelError, match=r"knows no qnet\.onnx; it has onet\.onnx, pnet-int8"):
        read_detector_file(folder, "qnet.onnx")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / MTCNN
    export_mtcnn(folder)
    tensors = safetensors.torch.load(read_detector_file(folder, "weights.safetensors"))
    tensors["rnet.score.weight"] = torch.zeros(3, 128)
    add_files(folder, {"weights.safetensors": safetensors.torch.save(tensors)})
    with pytest.raises(ModelError, match=r"weights of another network than rnet.*score\.weight"):
        build("rnet", folder)
