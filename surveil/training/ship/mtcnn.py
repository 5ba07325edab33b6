"""MTCNN's networks from facenet-pytorch's weights to ``models/mtcnn``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import distribution, version
from pathlib import Path

import safetensors.torch
from torch import nn

from surveil.detect.modules import NETWORKS, Name
from surveil.engines.exporting import to_onnx
from surveil.errors import ConfigError, ModelError
from surveil.models import model_in_the_making
from surveil.models.detectors import MTCNN, DetectorFacts, read_detector, read_detector_file
from surveil.models.files import CARD, FACTS, WEIGHTS

SHAPES: dict[Name, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "pnet": ((2, 41, 62, 3), (0, 1, 2)),
    "rnet": ((2, 24, 24, 3), (0,)),
    "onet": ((2, 48, 48, 3), (0,)),
}
"""An input of each network, and the axes that may have another size."""

_SOURCE = (
    "Networks of Zhang et al. 2016, 'Joint Face Detection and Alignment Using Multitask Cascaded "
    "Convolutional Networks', with the weights of facenet-pytorch {version} (Timothy Esler)"
)


def export_mtcnn(folder: Path) -> DetectorFacts:
    """Write the networks with the weights of the installed facenet-pytorch, and return the facts.

    Raises:
        ConfigError: facenet-pytorch is not installed.
        ModelError: The folder cannot be written.
    """
    try:
        from facenet_pytorch.models import mtcnn as reference
    except ModuleNotFoundError:
        raise ConfigError(
            "facenet-pytorch, whose weights these are, is not installed: it asks for a PyTorch of "
            "2024, so no extra brings it. In a checkout: uv sync; elsewhere: "
            "pip install --no-deps 'facenet-pytorch>=2.6,<3'"
        ) from None
    theirs = {"pnet": reference.PNet(), "rnet": reference.RNet(), "onet": reference.ONet()}
    networks = {name: _with_weights_of(theirs[name], name) for name in NETWORKS}
    tensors = {
        f"{name}.{key}": value.contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    files = {WEIGHTS: safetensors.torch.save(tensors)}
    for name, network in networks.items():
        shape, axes = SHAPES[name]
        files[f"{name}.onnx"] = to_onnx(network, shape, dynamic_axes=axes)
    wheel = distribution("facenet-pytorch")
    licence = wheel.read_text("LICENSE.md") or wheel.read_text("licenses/LICENSE.md")
    if licence is None:
        raise ModelError(f"{folder}: facenet-pytorch came without the licence that is to be kept")
    facts = DetectorFacts(
        detector="mtcnn",
        name=MTCNN,
        source=_SOURCE.format(version=wheel.version),
        license="MIT",
        notice=licence.strip(),
        code_version=version("surveil"),
        files=dict.fromkeys(files, "0" * 64),
    )
    return write_detector(folder, facts, files)


def add_files(folder: Path, files: Mapping[str, bytes]) -> DetectorFacts:
    """Add networks, such as ones in 8 bits, to a detector's folder, and return the facts.

    Args:
        folder: Holds a sound detector.
        files: Content by name, ``pnet-int8.onnx`` for instance. Those of the same name go.

    Raises:
        ModelError: The folder holds no sound detector, or cannot be written.
    """
    facts = read_detector(folder)
    kept = {name: read_detector_file(folder, name) for name in facts.files}
    return write_detector(folder, facts, {**kept, **files})


def write_detector(folder: Path, facts: DetectorFacts, files: Mapping[str, bytes]) -> DetectorFacts:
    """Write a detector's files and the facts with their hashes, and return the facts."""
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    written = DetectorFacts.model_validate(facts.model_dump() | {"files": hashes})
    text = json.dumps(written.model_dump(mode="json"), indent=2) + "\n"
    with model_in_the_making(folder) as fresh:
        try:
            for name, content in files.items():
                (fresh / name).write_bytes(content)
            (fresh / FACTS).write_text(text, encoding="utf-8")
            (fresh / CARD).write_text(_card(written, files), encoding="utf-8")
        except OSError as error:
            raise ModelError(f"{folder}: the detector could not be written: {error}") from error
    return written


def _with_weights_of(theirs: nn.Module, name: Name) -> nn.Module:
    """Return our network with the values of theirs, which define the same layers in the same order.

    A layer of another shape is an error of :meth:`load_state_dict`; that the outputs are equal is
    held by a test.
    """
    ours = NETWORKS[name]()
    values = theirs.state_dict().values()
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    return ours.eval()


def _card(facts: DetectorFacts, files: Mapping[str, bytes]) -> str:
    rows = "".join(
        f"| {name} | {len(files[name]):,} | {facts.files[name][:12]} |\n" for name in facts.files
    )
    return (
        f"# {facts.name}\n\nThe three networks of MTCNN, which find faces: P-Net proposes, R-Net "
        "refines, O-Net decides and finds eyes, nose and mouth.\n\n"
        f"{facts.source}. Licence: {facts.license}, whose text `{FACTS}` keeps.\n\n"
        "All take float32 pixels, batch x height x width x 3, RGB, as (value - 127.5) / 128, and "
        "give offsets, landmarks (O-Net) and scores. `weights.safetensors` is what GPUs run, "
        "through PyTorch; the ONNX files are what CPUs run, through OpenVINO. `surveil export "
        f"{facts.name}` makes them again.\n\n| file | bytes | SHA-256 |\n|---|---|---|\n{rows}\n"
        "In `exact` detection boxes and scores equal facenet-pytorch's: "
        "`python bench/detect_reference.py DATA`.\n"
    )
