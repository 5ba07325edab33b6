"""``surveil train`` on top of a stored model, and for fewer classes."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from click.testing import CliRunner, Result
from kit.models import write_small_model

from surveil.cli.train import command as train
from surveil.models import read_facts


def train_on(fer_dir: Path, *options: str, **changes: object) -> Result:
    folder = fer_dir.parent
    config: dict[str, object] = {
        "name": "tuned",
        "epochs": 1,
        "batch": 2,
        "precision": "float32",
        "data": {"fer2013": "fer2013", "validation_percent": 40},
        "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
        "phases": [{"until": 1.0, "px": 24}],
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(config | changes))
    arguments = [str(path), "--data", str(folder), "--runs", str(folder / "runs")]
    arguments += ["--models", str(folder / "models"), "--threads", "1", *options]
    return CliRunner().invoke(train, arguments, catch_exceptions=False)


def test_fine_tuning_says_what_was_gained_and_forgotten(fer_dir: Path) -> None:
    start = write_small_model(fer_dir.parent / "start")
    result = train_on(fer_dir, "--no-tensorboard", start_from=str(start))
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
    result = train_on(fer_dir, "--no-tensorboard", taxonomy="two", name="pair")
    assert result.exit_code == 0
    folder = fer_dir.parent / "models" / "pair"
    assert read_facts(folder).classes == ("happy", "sad")
    figures = json.loads((folder / "metrics.json").read_text())["test"]["fer2013"]
    assert (figures["faces"], figures["classes"]) == (2, ["happy", "sad"])
