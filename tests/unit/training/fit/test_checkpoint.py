"""Checkpoints: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from kit.disk import files_of_at_most

from surveil.training.errors import CheckpointError
from surveil.training.fit.checkpoint import part_of, read_checkpoint, write_checkpoint

TENSORS = {"model.a": torch.arange(6.0).reshape(2, 3), "model.count": torch.tensor(3)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, TENSORS, {"epoch": 3, "best": (0.5, -1.0)})
    tensors, facts = read_checkpoint(path)
    assert facts == {"epoch": 3, "best": [0.5, -1.0]}
    assert torch.equal(part_of(tensors, "model")["a"], TENSORS["model.a"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.safetensors"]


def test_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, TENSORS, {"epoch": 1})
    large = {"model.a": torch.zeros(1 << 20)}
    with files_of_at_most(1 << 16), pytest.raises(CheckpointError, match=r"last\.safetensors"):
        write_checkpoint(path, large, {"epoch": 2})
    assert read_checkpoint(path)[1] == {"epoch": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.safetensors"]


@pytest.mark.parametrize("keep_bytes", [0, 5, 100])
def test_truncated_checkpoint_is_named(tmp_path: Path, keep_bytes: int) -> None:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, TENSORS, {"epoch": 1})
    path.write_bytes(path.read_bytes()[:keep_bytes])
    with pytest.raises(CheckpointError, match=r"last\.safetensors: not a readable checkpoint"):
        read_checkpoint(path)


def test_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="none"):
        read_checkpoint(tmp_path / "none")
