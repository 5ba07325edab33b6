"""A kept network is the same network, and a damaged file is no reason to fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from surveil.engines import EngineName, Network, cache, compile_network
from surveil.engines.torch import ModuleBlueprint
from surveil.logs import configure_logs

BATCH = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.PReLU(4), nn.Flatten(), nn.Linear(4 * 36, 7))


def compiled(module: nn.Module, folder: Path) -> Network:
    return compile_network(
        ModuleBlueprint(module),
        device="cpu",
        example_shape=(2, 1, 8, 8),
        engine=EngineName.OPENVINO,
        threads=1,
        cache_dir=folder,
    )


def forbid_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.export, "export", None)  # would fail if it were called


def test_the_second_start_reads_what_the_first_one_wrote(
    module: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = compiled(module, tmp_path)(BATCH)
    assert len(list(tmp_path.iterdir())) == 1
    forbid_conversion(monkeypatch)
    (second,) = compiled(module, tmp_path)(BATCH)
    np.testing.assert_array_equal(first, second)


def test_other_weights_are_another_network(module: nn.Module, tmp_path: Path) -> None:
    compiled(module, tmp_path)
    with torch.no_grad():
        next(module.parameters()).add_(1.0)
    compiled(module, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    """Change a weight by one bit: OpenVINO would load it."""
    return data[:-1] + bytes([data[-1] ^ 1])


def date_back(data: bytes) -> bytes:
    """As another version may have written it."""
    return data.replace(b"surveil-network-1", b"surveil-network-0", 1)


@pytest.mark.parametrize(
    "damage", [cut, flip, date_back, lambda data: b"", lambda data: b"\xff" * 99]
)
def test_what_is_damaged_is_not_loaded_but_made_anew(
    module: nn.Module,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[bytes], bytes],
) -> None:
    configure_logs("test", json=True)
    (right,) = compiled(module, tmp_path)(BATCH)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    (again,) = compiled(module, tmp_path)(BATCH)
    np.testing.assert_array_equal(right, again)
    assert '"event": "network.rebuilt"' in capsys.readouterr().err
    forbid_conversion(monkeypatch)
    (read,) = compiled(module, tmp_path)(BATCH)
    np.testing.assert_array_equal(right, read)


def test_an_entry_under_the_name_of_another_is_not_loaded(
    module: nn.Module, tmp_path: Path
) -> None:
    compiled(module, tmp_path)
    (first,) = tmp_path.iterdir()
    with torch.no_grad():
        next(module.parameters()).add_(1.0)
    (right,) = compiled(module, tmp_path)(BATCH)
    (second,) = set(tmp_path.iterdir()) - {first}
    second.write_bytes(first.read_bytes())
    (again,) = compiled(module, tmp_path)(BATCH)
    np.testing.assert_array_equal(right, again)


def test_what_others_may_write_is_not_loaded(
    module: nn.Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("test", json=True)
    compiled(module, tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o622)
    compiled(module, tmp_path)
    assert "others than this user" in capsys.readouterr().err
    assert path.stat().st_mode & 0o777 == 0o600


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
    assert len(list(tmp_path.iterdir())) == 1
