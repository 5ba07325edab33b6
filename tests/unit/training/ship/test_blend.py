"""Two heads of one trunk become one, by a weight that validation chooses."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from kit.figures import metrics, model_in, set_figures
from kit.models import make_faces, tiny_config

from surveil.classify.networks import StoredModel, read_model, write_model
from surveil.errors import ModelError
from surveil.models import read_facts
from surveil.training.errors import DataError
from surveil.training.faces import Split, join
from surveil.training.measure.material import Material
from surveil.training.ship.blend import WEIGHTS, blend


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    config = tiny_config().model_dump(mode="json")
    model = model_in(tmp_path / "tiny", config=config, epoch=3)
    described = metrics(model.facts.model_dump(mode="json"), {"faces-a": set_figures(1)})
    (model.folder / "metrics.json").write_text(json.dumps(described))
    return model


@pytest.fixture
def votes(model: StoredModel) -> StoredModel:
    network = copy.deepcopy(model.network)
    torch.manual_seed(3)
    torch.nn.init.normal_(network.fc.weight)
    folder = model.folder.parent / "tiny-votes"
    write_model(folder, model.facts.model_copy(update={"name": "tiny-votes"}), network)
    return read_model(folder)


@pytest.fixture
def material() -> Material:
    faces = join([make_faces(42, "validation"), make_faces(28, "test")])
    return Material(faces, Split.TEST, "0" * 64, True, 0, None, (), False)


def test_the_blend_is_the_sum_of_both_heads(
    model: StoredModel, votes: StoredModel, material: Material, tmp_path: Path
) -> None:
    found = blend(model, votes, material, tmp_path / "tiny-blend", note="A try.")
    assert tuple(found.log_losses) == WEIGHTS
    assert found.log_losses[found.weight] == min(found.log_losses.values())
    written = read_model(tmp_path / "tiny-blend")
    batch = torch.linspace(-2, 2, 3 * 400).reshape(3, 1, 20, 20)
    with torch.no_grad():
        sums = model.network(batch) + found.weight * votes.network(batch)
        # Weights are kept in half precision.
        assert torch.allclose(written.network(batch), sums, rtol=1e-2, atol=1e-2)
    assert written.facts.training["blend"] == {
        "of": model.facts.versioned_name,
        "with": votes.facts.versioned_name,
        "weight": found.weight,
    }
    assert found.results["fer2013"].faces == 28
    card = (tmp_path / "tiny-blend" / "card.md").read_text()
    assert "> A try." in card
    assert f"plus {found.weight:g} times that of tiny-votes@" in card
    assert "surveil train models/tiny-blend" not in card
    assert f"| {written.facts.versioned_name} |" in (tmp_path / "EXPERIMENTS.md").read_text()


def test_a_head_that_says_nothing_new_gets_no_weight(
    model: StoredModel, material: Material, tmp_path: Path
) -> None:
    """Twice the same logits are the same scores at twice the temperature."""
    losses = blend(model, model, material, tmp_path / "twice").log_losses
    assert losses[1.0] == pytest.approx(losses[0.0], abs=1e-4)


def test_other_trunks_and_other_data_are_refused(
    model: StoredModel, votes: StoredModel, material: Material, tmp_path: Path
) -> None:
    other = model_in(tmp_path / "other", seed=2)
    with pytest.raises(ModelError, match="in more than its last layer"):
        blend(model, other, material, tmp_path / "out")
    with pytest.raises(DataError, match="not the data that it was trained with"):
        blend(model, votes, replace(material, same_data=False), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert read_facts(model.folder) == model.facts
