"""From a YAML file to a model folder and its figures, by the commands a user gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result
from kit.models import write_small_model

from surveil.classify.networks import read_model
from surveil.cli.evaluate import command as evaluate
from surveil.cli.train import command as train
from surveil.errors import ConfigError, InUseError
from surveil.models import read_facts
from surveil.training.errors import CheckpointError, DataError
from surveil.training.fit.run_lock import run_lock

CONFIG = {
    "name": "tiny-model",
    "epochs": 1,
    "batch": 8,
    "precision": "float32",
    "data": {"fer2013": "fer2013", "validation_percent": 40},
    "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
    "phases": [{"until": 1.0, "px": 24}],
}


def train_on(fer_dir: Path, *options: str, **changes: object) -> Result:
    folder = fer_dir.parent
    config = folder / "run.yaml"
    config.write_text(yaml.safe_dump(CONFIG | changes))
    arguments = [str(config), "--data", str(folder), "--runs", str(folder / "runs")]
    arguments += ["--models", str(folder / "models"), "--threads", "1", *options]
    return CliRunner().invoke(train, arguments, catch_exceptions=False)


def test_a_run_ends_in_a_model_that_says_all_about_itself(fer_dir: Path) -> None:
    result = train_on(fer_dir, "--note", "A first try.")
    assert result.exit_code == 0
    assert "fer2013: accuracy" in result.stdout
    folder = fer_dir.parent / "models" / "tiny-model"
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.md", "metrics.json", "model.json", "model.onnx", "weights.safetensors",
    ]  # fmt: skip
    facts = read_model(folder).facts
    assert facts.training["set_aside"] == {"fer2013 equal to test": 1, "fer2013 blank": 1}
    assert facts.training["config"]["epochs"] == 1
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["model"] == facts.versioned_name
    assert metrics["test"]["fer2013"]["faces"] == 7
    assert metrics["test"]["fer2013 without duplicates"]["faces"] == 6
    card = (folder / "card.md").read_text()
    for words in ("A first try.", "FER2013", "Article 5(1)(f)", "Where it fails", "licence"):
        assert words in card
    assert facts.versioned_name in (folder.parent / "EXPERIMENTS.md").read_text()


def test_a_run_is_not_begun_over_another_but_resumed(fer_dir: Path) -> None:
    train_on(fer_dir)
    with pytest.raises(ConfigError, match="--resume"):
        train_on(fer_dir, epochs=2)
    train_on(fer_dir, "--resume", epochs=2)
    history = fer_dir.parent / "runs" / "tiny-model-1" / "history.jsonl"
    assert len(history.read_text().splitlines()) == 2


def test_an_empty_test_split_is_told_before_training(fer_dir: Path) -> None:
    path = fer_dir / "publictest.parquet"
    table = pd.read_parquet(path)
    table[table["emotion"] < 3].to_parquet(path)
    with pytest.raises(DataError, match="the test split holds no face of taxonomy 'two'"):
        train_on(fer_dir, taxonomy="two", batch=2)
    assert not (fer_dir.parent / "runs" / "tiny-model-1").exists()


def test_a_head_that_is_not_learned_is_told_before_training(fer_dir: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.yaml: has no head for votes"):
        train_on(fer_dir, "--head", "votes", loss={"votes_weight": 0})
    assert not (fer_dir.parent / "runs" / "tiny-model-1").exists()


def test_a_folder_in_use_is_left_alone(fer_dir: Path) -> None:
    run = fer_dir.parent / "runs" / "tiny-model-1"
    with run_lock(run), pytest.raises(InUseError, match="tiny-model-1 is in use"):
        train_on(fer_dir)
    assert [path.name for path in run.iterdir()] == [".lock"]


def test_models_to_learn_from_are_looked_for_in_the_models_folder(fer_dir: Path) -> None:
    train_on(fer_dir, "--no-tensorboard")
    first = read_model(fer_dir.parent / "models" / "tiny-model").facts.versioned_name
    result = train_on(
        fer_dir, name="second", start_from="tiny-model", distil={"teachers": ["tiny-model"]}
    )
    assert f"start: {first}\n" in result.stderr
    assert f"teacher: {first}\n" in result.stderr
    training = read_model(fer_dir.parent / "models" / "second").facts.training
    assert (training["started_from"], training["teachers"]) == (first, [first])
    assert training["imagenet"] is False


@pytest.mark.timeout(300)  # a whole run in a process of its own
def test_torch_takes_no_more_threads_than_were_asked_for(fer_dir: Path) -> None:
    folder = fer_dir.parent
    (folder / "run.yaml").write_text(yaml.safe_dump(CONFIG))
    # A process of its own, as the number holds for all of it.
    program = "from surveil.cli.train import command; command()"
    options = ["run.yaml", "--threads", "1", "--no-tensorboard"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *options],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "parts of a batch at once: 1; threads for each: 1\n" in ended.stderr


def test_export_only_needs_a_checkpoint(fer_dir: Path) -> None:
    with pytest.raises(CheckpointError, match=r"best\.safetensors"):
        train_on(fer_dir, "--export-only")


def test_last_epoch_can_be_exported_in_place_of_the_best(fer_dir: Path) -> None:
    train_on(fer_dir, "--checkpoint", "last", epochs=2)
    folder = fer_dir.parent / "models" / "tiny-model"
    training = read_model(folder).facts.training
    assert (training["checkpoint"], training["epoch"]) == ("last", 2)
    assert "at which nothing was chosen" in (folder / "card.md").read_text()


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"fer2013: no such file or folder"):
        train_on(tmp_path / "fer2013")


def test_fine_tuning_says_what_was_gained_and_forgotten(fer_dir: Path) -> None:
    start = write_small_model(fer_dir.parent / "start")
    result = train_on(fer_dir, "--no-tensorboard", name="tuned", batch=2, start_from=str(start))
    assert result.exit_code == 0
    assert "Fine-tuned from start@" in result.stdout
    assert "faces gained" in result.stdout
    folder = fer_dir.parent / "models" / "tuned"
    assert "Fine-tuned from start@" in (folder / "card.md").read_text()
    run = fer_dir.parent / "runs" / "tuned-1"
    tests = json.loads((run / "fine_tune.json").read_text())["tests"]
    assert [test["test"] for test in tests] == ["fer2013", "fer2013 without duplicates"]
    assert not (run / "tensorboard").exists()


def test_dedicated_model_of_two_classes(fer_dir: Path) -> None:
    result = train_on(fer_dir, "--no-tensorboard", taxonomy="two", name="pair", batch=2)
    assert result.exit_code == 0
    folder = fer_dir.parent / "models" / "pair"
    assert read_facts(folder).classes == ("happy", "sad")
    figures = json.loads((folder / "metrics.json").read_text())["test"]["fer2013"]
    assert (figures["faces"], figures["classes"]) == (2, ["happy", "sad"])


def test_evaluate_repeats_the_figures_of_the_model(fer_dir: Path) -> None:
    train_on(fer_dir)
    folder = fer_dir.parent / "models" / "tiny-model"
    report = fer_dir.parent / "report.json"
    arguments = [str(folder), "--data", str(fer_dir.parent), "--quick", "--json", str(report)]
    arguments += ["--runs", str(fer_dir.parent / "runs")]
    result = CliRunner().invoke(evaluate, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "macro-F1" in result.stdout
    written = json.loads(report.read_text())
    assert written["same_data_as_trained_on"]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert written["results"] == metrics["test"]


def test_evaluate_warns_of_other_data(fer_dir: Path) -> None:
    train_on(fer_dir)
    folder = fer_dir.parent / "models" / "tiny-model"
    (fer_dir / "train-1.parquet").write_bytes((fer_dir / "train-0.parquet").read_bytes())
    arguments = [
        str(folder),
        "--data",
        str(fer_dir.parent),
        "--split",
        "train",
        "--json",
        "-",
        "--quick",
    ]
    arguments += ["--runs", str(fer_dir.parent / "runs")]
    result = CliRunner().invoke(evaluate, arguments, catch_exceptions=False)
    assert not json.loads(result.stdout)["same_data_as_trained_on"]
