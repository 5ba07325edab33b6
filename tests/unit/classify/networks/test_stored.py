"""Models on disk: whatever is wrong with a folder is named, with exit code 3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from kit.disk import files_of_at_most

from surveil.classify.classifier import StoredNetwork
from surveil.classify.networks import read_model, write_model, write_network
from surveil.engines import compile_network
from surveil.errors import ModelError
from surveil.models import read_facts
from surveil.models.weights import read_network

FILES = ["model.json", "model.onnx", "weights.safetensors"]


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "model.json"
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))


def rehash(folder: Path) -> None:
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    edit(folder, lambda facts: facts.update(weights_sha256=digest))


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_model(folder)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_what_is_written_is_read(model_dir: Path) -> None:
    model = read_model(model_dir)
    assert model.facts.versioned_name == f"tiny@{model.facts.weights_sha256[:7]}"
    assert not model.network.training
    assert all(p.dtype == torch.float32 for p in model.network.parameters())
    assert sorted(p.name for p in model_dir.iterdir()) == FILES


def test_a_full_disk_leaves_the_model_before(model_dir: Path) -> None:
    before = read_model(model_dir)
    weights_bytes = (model_dir / "weights.safetensors").stat().st_size
    largest_bytes = (model_dir / "model.onnx").stat().st_size
    # More than the other files take, so that the disk is full at the last one.
    long = before.facts.model_copy(update={"training": {"people": "p" * 2 * largest_bytes}})
    with torch.no_grad():
        before.network.fc.bias.add_(1)
    for limit_bytes in (1000, weights_bytes + 1000, largest_bytes + 1000):
        with files_of_at_most(limit_bytes), pytest.raises(ModelError, match="could not be written"):
            write_model(model_dir, long, before.network)
        assert read_model(model_dir).facts == before.facts
        assert sorted(p.name for p in model_dir.iterdir()) == FILES


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_missing_file_is_named(model_dir: Path, name: str) -> None:
    (model_dir / name).unlink()
    assert str(model_dir / name) in refused(model_dir)


def test_flipped_byte_is_a_wrong_hash(model_dir: Path) -> None:
    path = model_dir / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    message = refused(model_dir)
    assert str(path) in message
    assert "sha256" in message


def test_truncated_weights_with_a_matching_hash_are_corrupt(model_dir: Path) -> None:
    path = model_dir / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    rehash(model_dir)
    assert "not a safetensors file" in refused(model_dir)


def test_pickle_is_refused(model_dir: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, model_dir / "weights.safetensors")
    rehash(model_dir)
    assert "not a safetensors file" in refused(model_dir)


def test_weights_of_another_width(model_dir: Path) -> None:
    edit(model_dir, lambda facts: facts["architecture"].update(width=16))
    assert "has shape" in refused(model_dir)


def test_weights_of_another_depth(model_dir: Path) -> None:
    edit(model_dir, lambda facts: facts["architecture"].update(blocks=[2, 1, 1, 1]))
    assert "another architecture" in refused(model_dir)


def test_unknown_architecture(model_dir: Path) -> None:
    edit(model_dir, lambda facts: facts["architecture"].update(kind="vgg"))
    message = refused(model_dir)
    assert "model.json: architecture" in message
    assert "'vgg'" in message


def test_classes_in_another_order(model_dir: Path) -> None:
    edit(model_dir, lambda facts: facts["classes"].reverse())
    assert "in this order" in refused(model_dir)


def test_key_that_is_missing(model_dir: Path) -> None:
    edit(model_dir, lambda facts: facts.pop("temperature"))
    message = refused(model_dir)
    assert "model.json" in message
    assert "temperature" in message


def test_facts_that_are_not_json(model_dir: Path) -> None:
    (model_dir / "model.json").write_text("{")
    assert "model.json" in refused(model_dir)


def test_facts_beyond_all_bounds_are_not_read(model_dir: Path) -> None:
    (model_dir / "model.json").write_bytes(b" " * (1 << 20) + b"{}")
    assert "larger than" in refused(model_dir)


def test_weights_that_are_not_finite(model_dir: Path) -> None:
    path = model_dir / "weights.safetensors"
    tensors = safetensors.torch.load_file(path)
    tensors["fc.bias"][0] = float("nan")
    safetensors.torch.save_file(tensors, path)
    rehash(model_dir)
    assert "fc.bias" in refused(model_dir)


def test_the_onnx_file_is_the_network_of_the_stored_weights(model_dir: Path) -> None:
    stored = read_model(model_dir)
    batch = np.random.default_rng(0).normal(size=(5, 1, 44, 44)).astype(np.float32)
    network = compile_network(
        StoredNetwork(model_dir, stored.facts), device="cpu", example_shape=(2, 1, 44, 44)
    )
    with torch.no_grad():
        expected = stored.network(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(network(batch)[0], expected, atol=network.tolerance)


def test_a_model_of_before_gets_its_onnx_file(model_dir: Path) -> None:
    (model_dir / "model.onnx").unlink()
    edit(model_dir, lambda facts: facts.pop("onnx_sha256"))
    (model_dir / "card.md").write_text("stays")
    before = read_facts(model_dir)
    with pytest.raises(ModelError, match=f"surveil export {model_dir}") as caught:
        read_network(model_dir, before)
    assert "names no such file" in str(caught.value)
    write_network(model_dir)
    assert read_facts(model_dir).versioned_name == before.versioned_name
    assert read_network(model_dir, read_facts(model_dir))
    assert (model_dir / "card.md").read_text() == "stays"


def test_a_missing_or_changed_onnx_file_is_named(model_dir: Path) -> None:
    path = model_dir / "model.onnx"
    facts = read_facts(model_dir)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=r"model\.onnx: is not the file that model\.json"):
        read_network(model_dir, facts)
    path.unlink()
    with pytest.raises(ModelError, match=r"model\.onnx: no such file.*surveil export"):
        read_network(model_dir, facts)
