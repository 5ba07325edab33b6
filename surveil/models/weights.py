"""The file of a model's weights, as bytes that are what ``model.json`` says."""

from __future__ import annotations

import hashlib
from pathlib import Path

from surveil.errors import ModelError
from surveil.models.facts import ModelFacts
from surveil.models.files import FACTS, WEIGHTS, read_bounded

MAX_WEIGHTS_BYTES = 256 << 20
"""Four times the largest network of :class:`Architecture`, ``keras-cnn`` in half precision."""


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
    data = read_bounded(path, MAX_WEIGHTS_BYTES)
    found = hashlib.sha256(data).hexdigest()
    if found != facts.weights_sha256:
        raise ModelError(
            f"{path}: is not the file that {FACTS} describes "
            f"(sha256 {found[:12]}…, expected {facts.weights_sha256[:12]}…)"
        )
    return data
