"""ImageNet weights: used where they can be had, and no error where not."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest
import torch
from kit.models import TRAIN, VALIDATION, tiny_config
from torchvision.models import resnet18

from surveil.classify.networks import FaceResNet18
from surveil.models.architecture import ResNet18
from surveil.training.fit.imagenet import URL, begin_with_imagenet
from surveil.training.fit.loop import Trainer


@pytest.fixture
def unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a proxy that nobody listens at."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_absence_is_a_remark(unreachable: Path, caplog: pytest.LogCaptureFixture) -> None:
    network = FaceResNet18(ResNet18(), 4)
    before = network.trunk.conv1.weight.clone()
    with caplog.at_level(logging.WARNING):
        assert not begin_with_imagenet(network)
    assert "begins with fresh ones" in caplog.text
    assert torch.equal(network.trunk.conv1.weight, before)
    assert not [path for path in unreachable.rglob("*") if path.is_file()]


def test_cached_weights_are_loaded_but_for_the_last_layer(unreachable: Path) -> None:
    cache = unreachable / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.manual_seed(1)
    weights = resnet18(weights=None).state_dict()
    torch.save(weights, cache / Path(URL).name)
    network = FaceResNet18(ResNet18(), 4)
    assert begin_with_imagenet(network)
    assert torch.equal(network.trunk.layer4[1].conv2.weight, weights["layer4.1.conv2.weight"])
    assert network.fc.weight.shape == (4, 512)


def test_damaged_cache_is_a_remark(unreachable: Path) -> None:
    cache = unreachable / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    (cache / Path(URL).name).write_bytes(hashlib.sha256(b"x").digest())
    assert not begin_with_imagenet(FaceResNet18(ResNet18(), 2))


def test_a_run_knows_whether_there_were_any(unreachable: Path) -> None:
    config = tiny_config(architecture={"kind": "resnet18"}, imagenet=True)
    run = unreachable / "run"
    assert Trainer(config, TRAIN, VALIDATION, run, "data").imagenet is False
    cache = unreachable / "hub" / "checkpoints"
    cache.mkdir(parents=True, exist_ok=True)
    torch.save(resnet18(weights=None).state_dict(), cache / Path(URL).name)
    assert Trainer(config, TRAIN, VALIDATION, run, "data").imagenet is True
