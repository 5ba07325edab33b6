"""A kept network is the same network, and a damaged file is no reason to fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from surveil.engines import EngineName, Network, cache, compile_network


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.PReLU(4), nn.Flatten(), nn.Linear(4 * 36, 7))


def compiled(module: nn.Module, folder: Path) -> Network:
    return compile_network(
        module,
        device="cpu",
        example_shape=(2, 1, 8, 8),
        engine=EngineName.OPENVINO,
        threads=1,
        cache_dir=folder,
    )


def kept(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_second_start_reads_what_the_first_one_wrote(
    module: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    (first,) = compiled(module, tmp_path)(batch)
    assert len(kept(tmp_path)) == 2
    monkeypatch.setattr(torch.export, "export", None)  # would fail if it were converted again
    (second,) = compiled(module, tmp_path)(batch)
    np.testing.assert_array_equal(first, second)


def test_other_weights_are_another_network(module: nn.Module, tmp_path: Path) -> None:
    compiled(module, tmp_path)
    with torch.no_grad():
        next(module.parameters()).add_(1.0)
    compiled(module, tmp_path)
    assert len(kept(tmp_path)) == 4


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_a_damaged_file_is_written_anew(
    module: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    batch = np.ones((1, 1, 8, 8), np.float32)
    (right,) = compiled(module, tmp_path)(batch)
    before = kept(tmp_path)
    (damaged,) = tmp_path.glob(f"*{suffix}")
    damaged.write_bytes(b"")
    (again,) = compiled(module, tmp_path)(batch)
    np.testing.assert_array_equal(right, again)
    assert kept(tmp_path) == before
    monkeypatch.setattr(torch.export, "export", None)  # would fail if it were converted again
    (read,) = compiled(module, tmp_path)(batch)
    np.testing.assert_array_equal(right, read)


def test_a_folder_that_cannot_be_made_costs_only_time(module: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert compiled(module, tmp_path / "file" / "cache")(np.ones((1, 1, 8, 8), np.float32))


def test_a_cache_is_bounded(
    module: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "KEPT", 1)
    for _ in range(2):
        with torch.no_grad():
            next(module.parameters()).add_(1.0)
        compiled(module, tmp_path)
    assert len(kept(tmp_path)) == 2
