"""The files of a model's numbers, as bytes that are what ``model.json`` says."""

from __future__ import annotations

import hashlib
from pathlib import Path

from surveil.errors import ModelError
from surveil.models.facts import ModelFacts
from surveil.models.files import FACTS, NETWORK, NETWORK_INT8, WEIGHTS, read_bounded

MAX_WEIGHTS_BYTES = 256 << 20
"""Four times the largest network of :class:`Architecture`, ``keras-cnn`` in half precision."""

MAX_NETWORK_BYTES = 2 * MAX_WEIGHTS_BYTES
"""The same in full precision."""


def read_weights(folder: Path, facts: ModelFacts) -> bytes:
    """Return the content of ``weights.safetensors``, which is exactly what its facts name.

    Raises:
        ModelError: It is missing, too large or another file; the message names it.
    """
    path = folder / WEIGHTS
    if not path.exists():
        raise ModelError(
            f"{path}: no such file; weights of models that are compared but not shipped are not "
            f"kept in the repository: train it again with the configuration that {FACTS} holds"
        )
    return read_hashed(path, facts.weights_sha256, MAX_WEIGHTS_BYTES)


def read_network(folder: Path, facts: ModelFacts) -> bytes:
    """Return the content of ``model.onnx``, which is exactly what its facts name.

    Raises:
        ModelError: It is missing, too large or another file, or the model was written before such
            files were; the message names the remedy.
    """
    path = folder / NETWORK
    if facts.onnx_sha256 is None or not path.exists():
        what = "no such file" if facts.onnx_sha256 else f"{FACTS} beside it names no such file"
        raise ModelError(
            f"{path}: {what}, which CPUs run; make it of {WEIGHTS} with: surveil export {folder} "
            "(it needs surveil[train])"
        )
    return read_hashed(path, facts.onnx_sha256, MAX_NETWORK_BYTES)


def read_int8_network(folder: Path, facts: ModelFacts) -> bytes:
    """Return the content of ``model-int8.onnx``, which is exactly what its facts name.

    Raises:
        ModelError: It is missing, too large or another file, or the model has none.
    """
    path = folder / NETWORK_INT8
    if facts.int8_sha256 is None:
        raise ModelError(f"{path}: {FACTS} beside it names no such file")
    return read_hashed(path, facts.int8_sha256, MAX_NETWORK_BYTES)


def read_hashed(path: Path, sha256: str, limit_bytes: int) -> bytes:
    """Return the content of a file that has a known hash.

    Raises:
        ModelError: It is missing, larger than ``limit_bytes`` or another file.
    """
    data = read_bounded(path, limit_bytes)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{path}: is not the file that {FACTS} describes "
            f"(sha256 {found[:12]}…, expected {sha256[:12]}…)"
        )
    return data
