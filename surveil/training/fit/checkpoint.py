"""Checkpoints: tensors and JSON in one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from surveil.replacing import replacing
from surveil.training.errors import CheckpointError

_KEY = "surveil"


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint beside the old one, force it to the disk and rename it over the old one.

    A full disk or a kill at any point leaves the previous checkpoint as it was.

    Raises:
        CheckpointError: It could not be written; the message names the file.
    """
    try:
        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        with replacing(path, durable=True) as fresh:
            save_file(whole, fresh, metadata={_KEY: json.dumps(dict(facts))})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path}: could not be written, the one before it stays: {error}"
        ) from error


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and facts of a checkpoint.

    Raises:
        CheckpointError: It is missing, truncated or not a checkpoint.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})[_KEY])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: not a readable checkpoint: {error}") from error


@contextmanager
def reading_facts(path: Path) -> Iterator[None]:
    """Name the checkpoint where one of its facts is missing or not of the kind it should be.

    Raises:
        CheckpointError: In place of what the code within raised for a fact.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: a fact of the checkpoint is missing or wrong: {error!r}"
        ) from error


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors under ``prefix.`` by the rest of their names."""
    return {
        name[len(prefix) + 1 :]: tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{prefix}.")
    }
