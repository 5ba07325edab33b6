"""Models with their weights, as read from their folders and written to them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from surveil.classify.networks.building import build_network
from surveil.classify.networks.resnet import FaceNetwork
from surveil.errors import ModelError
from surveil.models.facts import ModelFacts, read_facts
from surveil.models.files import FACTS, NETWORK, WEIGHTS
from surveil.models.placing import model_in_the_making
from surveil.models.weights import read_weights


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A model as read from its folder: ``network`` is in evaluation mode, float32, on the CPU."""

    facts: ModelFacts
    network: FaceNetwork
    folder: Path


def read_model(folder: Path) -> StoredModel:
    """Read and check a model.

    Raises:
        ModelError: A file is missing, damaged, too large or not what ``model.json`` says of it;
            the message names the file.
    """
    facts = read_facts(folder)
    data = read_weights(folder, facts)
    path = folder / WEIGHTS
    try:
        tensors = safetensors.torch.load(data)
    except SafetensorError as error:
        raise ModelError(f"{path}: not a safetensors file: {error}") from error
    network = build_network(facts.architecture, len(facts.classes)).eval()
    _load(network, tensors, path)
    return StoredModel(facts, network, folder)


def write_model(folder: Path, facts: ModelFacts, network: nn.Module) -> ModelFacts:
    """Write a model's weights, its ONNX file and its facts, and return the facts as written.

    Weights are kept in half precision; the ONNX file holds the network of exactly those.

    Raises:
        ModelError: The files cannot be written; what was there before stays.
    """
    halves = {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for name, value in network.state_dict().items()
    }
    rounded = build_network(facts.architecture, len(facts.classes))
    rounded.load_state_dict(halves)
    return _write(folder, facts, safetensors.torch.save(halves), rounded)


def write_network(folder: Path) -> ModelFacts:
    """Write a stored model's ONNX file again, of its weights, and return the facts as written.

    Raises:
        ModelError: The folder holds no sound model, or cannot be written.
    """
    model = read_model(folder)
    return _write(folder, model.facts, read_weights(folder, model.facts), model.network)


def _write(folder: Path, facts: ModelFacts, weights: bytes, network: FaceNetwork) -> ModelFacts:
    # Its libraries come with the extra `train`; GPUs are served without them.
    from surveil.engines.exporting import to_onnx

    side = facts.input.crop_px
    onnx = to_onnx(network, (2, facts.architecture.channels, side, side))
    hashes = {
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "onnx_sha256": hashlib.sha256(onnx).hexdigest(),
    }
    written = facts.model_copy(update=hashes)
    text = json.dumps(written.model_dump(mode="json"), indent=2) + "\n"
    with model_in_the_making(folder) as fresh:
        try:
            (fresh / WEIGHTS).write_bytes(weights)
            (fresh / NETWORK).write_bytes(onnx)
            (fresh / FACTS).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ModelError(f"{folder}: the model could not be written: {error}") from error
    return written


def _load(network: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    expected = network.state_dict()
    if missing := sorted(expected.keys() - tensors.keys()):
        raise ModelError(f"{path}: {missing[0]} is missing: weights of another architecture")
    if surplus := sorted(tensors.keys() - expected.keys()):
        raise ModelError(f"{path}: {surplus[0]} is unknown: weights of another architecture")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise ModelError(
                f"{path}: {name} has shape {tuple(tensor.shape)}, the architecture of {FACTS} "
                f"has {tuple(expected[name].shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{path}: {name} holds values that are not finite")
    network.load_state_dict(tensors)
