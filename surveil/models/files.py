"""Names of the files of a model's folder and of the table beside the folders; where models ship."""

from __future__ import annotations

from pathlib import Path

from surveil.errors import ModelError
from surveil.shipped import shipped

WEIGHTS = "weights.safetensors"
NETWORK = "model.onnx"
NETWORK_INT8 = "model-int8.onnx"
FACTS = "model.json"
METRICS = "metrics.json"
CARD = "card.md"
EXPERIMENTS = "EXPERIMENTS.md"

SHIPPED = shipped("models")
"""Folder of the models that come with surveil."""


def read_bounded(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a model's file.

    Raises:
        ModelError: It cannot be read, or is larger than ``limit_bytes``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    if len(data) > limit_bytes:
        raise ModelError(f"{path}: larger than {limit_bytes} bytes")
    return data
