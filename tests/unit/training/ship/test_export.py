"""From a checkpoint to a model folder, without training."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kit.disk import files_of_at_most

from surveil.classify.networks import build_network, read_model
from surveil.errors import ConfigError, ModelError
from surveil.models import Preprocessing
from surveil.training.config import Data, TrainConfig
from surveil.training.data.dataset import Dataset
from surveil.training.errors import CheckpointError, DataError
from surveil.training.faces import Faces, Split
from surveil.training.fit.checkpoint import read_checkpoint, write_checkpoint
from surveil.training.fit.hardware import describe_hardware
from surveil.training.fit.loop import BEST, LAST
from surveil.training.records.compare import COLUMNS, compare, rows
from surveil.training.records.metrics_file import FORMAT, Ancestor
from surveil.training.records.model_record import find_records, read_record
from surveil.training.report.compare_page import page
from surveil.training.ship.export import export

FACES = 84


@pytest.fixture
def dataset() -> Dataset:
    """12 faces of each expression: 6 to train on, 3 to choose by, 3 to test with."""
    splits = np.array([Split.TRAIN] * 2 + [Split.VALIDATION, Split.TEST])
    at = np.arange(FACES)
    faces = Faces(
        frames=np.random.default_rng(1).integers(0, 256, (FACES, 48, 48), dtype=np.uint8),
        labels=at % 7,
        votes=np.zeros((FACES, 7), np.float32),
        splits=splits[at // 7 % 4],
        sources=np.full(FACES, "own"),
        people=np.array([f"p{i}" for i in at]),
        names=np.array([f"{i}.png" for i in at]),
    )
    return Dataset(faces, "ab" * 32, {"own blank": 2})


def config_of(**changes: object) -> TrainConfig:
    small = {
        "name": "alpha", "batch": 8, "epochs": 4, "device": "cpu", "taxonomy": "four",
        "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
        "makers_figure": "90%", "data": Data(repeat={"own": 2}),
    }  # fmt: skip
    return TrainConfig.model_validate(small | changes)


def write_run(
    folder: Path, config: TrainConfig, epoch: int = 2, seed: int = 1, **facts: object
) -> Path:
    torch.manual_seed(seed)
    network = build_network(config.architecture, len(config.classes.classes))
    average = {f"average.network.{name}": value for name, value in network.state_dict().items()}
    line = {"epoch": 1, "seconds": 2.5}
    content = {
        "data_sha256": "ab" * 32, "config": config.model_dump(mode="json"), "epoch": epoch,
        "preprocessing": asdict(Preprocessing()), "history": [line, line | {"epoch": 2}],
    } | facts  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    average["average.votes.weight"] = torch.randn(7, network.fc.in_features)
    average["average.votes.bias"] = torch.randn(7)
    for name in (BEST, LAST):
        write_checkpoint(folder / name, average, content)
    return folder


def test_a_model_of_four_classes_is_written_with_all_its_figures(
    tmp_path: Path, dataset: Dataset
) -> None:
    config, models = config_of(), tmp_path / "models"
    run = write_run(tmp_path / "run", config, hardware="a GPU")
    results = export(config, run, dataset, models, note="A try.")
    stored = read_model(models / "alpha")
    assert stored.facts.classes == ("happy", "sad", "surprise", "neutral")
    training = stored.facts.training
    assert training["train_faces_by_source"] == {"own": 24}
    assert (training["train_faces"], training["validation_faces"]) == (24, 12)
    assert not training["votes_used"]
    metrics = json.loads((models / "alpha" / "metrics.json").read_text())
    assert metrics["format"] == FORMAT
    assert metrics["taxonomy"] == "four"
    assert metrics["parameters"] == sum(p.numel() for p in stored.network.parameters())
    assert metrics["statistics"] > 0
    assert metrics["weights_bytes"] == (models / "alpha" / "weights.safetensors").stat().st_size
    assert metrics["makers_figure"] == "90%"
    assert metrics["budget"] == {
        "epochs": 2, "epochs_planned": 4, "images": 2 * 48, "seconds": 5.0, "hardware": "a GPU",
        "patience": None, "epochs_spared": 0,
    }  # fmt: skip
    assert metrics["protocol"].startswith("The epoch of the highest accuracy on the validation")
    # To fewer than 200 faces no smoothing is fitted.
    assert "; the temperature was fitted on the 12 faces of the" in metrics["protocol"]
    assert metrics["smoothing"] == stored.facts.smoothing
    assert set(results) == {"own"}
    assert "> A try." in (models / "alpha" / "card.md").read_text()
    table = (models / "EXPERIMENTS.md").read_text()
    assert "alpha: resnet-small w8 1-1-1-1, four, batch 8" in table


def test_a_full_disk_leaves_all_files_of_the_model_before(tmp_path: Path, dataset: Dataset) -> None:
    config, models = config_of(), tmp_path / "models"
    export(config, write_run(tmp_path / "run", config), dataset, models)
    folder = models / "alpha"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = write_run(tmp_path / "other", config, seed=2)
    # More than the networks take, so that the disk is full at metrics.json.
    network_bytes = max(len(before["weights.safetensors"]), len(before["model.onnx"]))
    with (
        files_of_at_most(network_bytes + 1000),
        pytest.raises(CheckpointError, match=r"metrics\.json: could not be written"),
    ):
        export(config, other, dataset, models, note="n" * 2 * network_bytes)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    export(config, other, dataset, models)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert all(after[name] != before[name] for name in before)


def test_a_full_disk_leaves_no_folder_where_none_was(tmp_path: Path, dataset: Dataset) -> None:
    config, models = config_of(), tmp_path / "models"
    run = write_run(tmp_path / "run", config)
    with files_of_at_most(1000), pytest.raises(ModelError, match="could not be written"):
        export(config, run, dataset, models)
    assert not (models / "alpha").exists()


def test_the_last_epoch_says_that_nothing_was_chosen(tmp_path: Path, dataset: Dataset) -> None:
    config, models = config_of(start_from="beta"), tmp_path / "models"
    run = write_run(tmp_path / "run", config)
    export(config, run, dataset, models, checkpoint="last")
    metrics = json.loads((models / "alpha" / "metrics.json").read_text())
    assert metrics["protocol"].startswith("The last epoch was exported, at which nothing was")
    assert "may have seen other faces" in metrics["protocol"]
    assert metrics["budget"]["hardware"] == describe_hardware(torch.device("cpu"))


def test_an_empty_test_split_is_told_before_anything_is_written(
    tmp_path: Path, dataset: Dataset
) -> None:
    config = config_of()
    run = write_run(tmp_path / "run", config)
    untested = dataset.faces.where(dataset.faces.splits != Split.TEST)
    with pytest.raises(DataError, match="the test split holds no face of taxonomy 'four'"):
        export(config, run, replace(dataset, faces=untested), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_reduced_budget_shows_by_itself(tmp_path: Path, dataset: Dataset) -> None:
    config, models = config_of(epochs=2, full_epochs=60), tmp_path / "models"
    export(config, write_run(tmp_path / "run", config), dataset, models)
    assert "Budget: 2 of 60 epochs planned" in (models / "alpha" / "card.md").read_text()
    comparison = compare(*find_records([models]))
    assert any("reduced budget, 2 of 60 epochs" in line for line in comparison.warnings)


def test_a_run_that_stopped_early_has_no_reduced_budget(tmp_path: Path, dataset: Dataset) -> None:
    config, models = config_of(epochs=9, patience=1), tmp_path / "models"
    line = {"epoch": 1, "seconds": 2.5, "validation_accuracy": 0.5, "validation_log_loss": 1.0}
    run = write_run(tmp_path / "run", config, history=[line, line | {"epoch": 2}])
    export(config, run, dataset, models)
    said = "2 epochs, stopped after 1 epoch without improvement, full budget 9"
    assert f"Budget: {said}" in (models / "alpha" / "card.md").read_text()
    assert "2 of 9 (stopped early), " in (models / "EXPERIMENTS.md").read_text()
    comparison = compare(find_records([models])[0])
    assert not any("reduced budget" in line for line in comparison.warnings)
    (row,) = [dict(zip(COLUMNS, row, strict=True)) for row in rows(comparison)][:1]
    assert (row["epochs"], row["epochs_planned"], row["epochs_spared"]) == (2, 9, 7)


def test_a_run_that_had_patience_left_has_a_reduced_budget(
    tmp_path: Path, dataset: Dataset
) -> None:
    config, models = config_of(epochs=9, patience=2), tmp_path / "models"
    line = {"epoch": 1, "seconds": 2.5, "validation_accuracy": 0.5, "validation_log_loss": 1.0}
    run = write_run(tmp_path / "run", config, history=[line, line | {"epoch": 2}])
    export(config, run, dataset, models)
    comparison = compare(find_records([models])[0])
    assert any("reduced budget, 2 of 9" in line for line in comparison.warnings)


def test_budget_and_remarks_of_the_start_are_added_up(tmp_path: Path, dataset: Dataset) -> None:
    """The second run replaces the model that it began with, and the third is told by the second."""
    models = tmp_path / "models"
    started_from = None
    for seed, note in enumerate(("First remark.", "Second remark.", "Third remark."), start=1):
        config = config_of(seed=seed, start_from=str(models / "alpha") if started_from else None)
        run = write_run(tmp_path / f"run-{seed}", config, seed=seed, started_from=started_from)
        export(config, run, dataset, models, note=note)
        record = read_record(models / "alpha")
        budget = record.metrics.budget
        assert budget is not None
        assert (budget.epochs, budget.epochs_planned) == (2 * seed, 4 * seed)
        assert (budget.images, budget.seconds) == (96 * seed, 5.0 * seed)
        before, started_from = started_from, record.facts.versioned_name
    text = (models / "alpha" / "card.md").read_text()
    remarks = [line for line in text.splitlines() if line.startswith(">")]
    assert [line.split(": ")[-1] for line in remarks] == [
        "> Third remark.", "Second remark.", "First remark.",
    ]  # fmt: skip
    assert f"began with the weights of `{before}`" in text
    # What the third began with is no more, but its own export knows of it.
    export(config, run, dataset, models, checkpoint="last", note=note)
    assert read_record(models / "alpha").metrics.ancestors == record.metrics.ancestors


@pytest.mark.parametrize("facts", [{}, {"started_from": "gone@1234567"}])
def test_a_start_that_is_gone_or_was_not_noted_is_said_to_be_unknown(
    tmp_path: Path, dataset: Dataset, facts: dict[str, Any]
) -> None:
    config, models = config_of(start_from="gone"), tmp_path / "models"
    export(config, write_run(tmp_path / "run", config, **facts), dataset, models)
    metrics = read_record(models / "alpha").metrics
    name = facts.get("started_from", "gone")
    said = f"`{name}`" if facts else f"an earlier `{name}`"
    assert metrics.ancestors == (Ancestor(model=name),)
    assert metrics.budget is not None
    assert metrics.budget.epochs == 2
    text = (models / "alpha" / "card.md").read_text()
    assert f"what {said} took is not recorded and not counted" in text


def test_a_run_on_other_data_is_refused(tmp_path: Path, dataset: Dataset) -> None:
    config = config_of()
    run = write_run(tmp_path / "run", config, data_sha256="cd" * 32)
    with pytest.raises(CheckpointError, match="other data"):
        export(config, run, dataset, tmp_path / "models")


def test_what_is_exported_can_be_compared_without_weights(tmp_path: Path, dataset: Dataset) -> None:
    models = tmp_path / "models"
    for name, taxonomy in (("alpha", "four"), ("beta", "seven")):
        config = config_of(name=name, taxonomy=taxonomy)
        export(config, write_run(tmp_path / name, config), dataset, models)
        (models / name / "weights.safetensors").unlink()
    comparison = compare(*find_records([models]))
    assert [len(record.classes) for record in comparison.records] == [7, 4]
    assert "2 of 4" in page(comparison)


def test_hardware_is_told_without_telling_the_machine() -> None:
    assert describe_hardware(torch.device("cpu"), 1) == "1 CPU thread"
    assert describe_hardware(torch.device("cpu"), 8) == "8 CPU threads"


def test_git_keeps_figures_of_all_models_but_weights_of_the_shipped_one_alone() -> None:
    root = Path(__file__).parents[4]
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("not a checkout of git")
    files = ("weights.safetensors", "model.json", "metrics.json", "card.md")
    given = [f"models/{m}/{file}" for m in ("emotion-resnet18", "a-peer") for file in files]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *given],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["models/a-peer/weights.safetensors"]


def test_the_head_of_the_votes_is_a_model_of_its_own(tmp_path: Path, dataset: Dataset) -> None:
    config = config_of(taxonomy="seven")
    run = write_run(tmp_path / "run", config)
    named = (dataset.faces.labels + 1) % 7
    votes = np.eye(7, dtype=np.float32)[named]
    agreed = Dataset(replace(dataset.faces, votes=votes, agreed=named), dataset.sha256, {})
    export(config, run, agreed, tmp_path)
    results = export(config, run, agreed, tmp_path, head="votes")
    ours, theirs = (read_model(tmp_path / name) for name in ("alpha", "alpha-votes"))
    tensors, _ = read_checkpoint(run / BEST)
    assert torch.allclose(
        theirs.network.fc.weight, tensors["average.votes.weight"], rtol=1e-3, atol=1e-3
    )
    trunks = (model.network.state_dict()["conv1.weight"] for model in (ours, theirs))
    assert torch.equal(*trunks)
    assert theirs.facts.training["head"] == "votes"
    assert results["own"].ferplus is not None
    assert results["own"].ferplus.faces == results["own"].faces
    text = (tmp_path / "alpha-votes" / "card.md").read_text()
    assert "annotators" in text
    assert "FER+ votes (Microsoft, MIT licence): what this model's last layer learned" in text


def test_a_run_without_votes_has_no_such_head(tmp_path: Path, dataset: Dataset) -> None:
    config = config_of(taxonomy="seven", loss={"votes_weight": 0})
    run = write_run(tmp_path / "run", config)
    with pytest.raises(ConfigError, match="votes_weight"):
        export(config, run, dataset, tmp_path, head="votes")
