"""A whole run: failed ones are noted, and little is needed to make one."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from kit.disk import files_of_at_most
from kit.models import TRAIN, VALIDATION, tiny_config

import surveil.training
from surveil.training.errors import CheckpointError, DivergedError
from surveil.training.fit.loop import Trainer
from surveil.training.fit.tensorboard import FOLDER
from surveil.training.ship.run import run_to_end

EXTRA = {"sklearn", "torchmetrics", "matplotlib", "tensorboard", "imagehash", "jinja2"}


def test_run_that_diverges_is_in_the_table(tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(), TRAIN, VALIDATION, tmp_path / "run", "data")
    with torch.no_grad():
        next(trainer.model.parameters()).fill_(float("nan"))
    table = tmp_path / "EXPERIMENTS.md"
    with pytest.raises(DivergedError):
        run_to_end(trainer, experiments=table)
    assert "the loss is nan in epoch 1, step 1" in table.read_text()
    assert not (tmp_path / "run" / FOLDER).exists()


def test_full_disk_is_told_and_not_what_failed_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = Trainer(tiny_config(), TRAIN, VALIDATION, tmp_path / "run", "data")
    table = tmp_path / "EXPERIMENTS.md"
    with (
        caplog.at_level(logging.WARNING),
        files_of_at_most(50),
        pytest.raises(CheckpointError, match=r"best\.safetensors: could not be written"),
    ):
        run_to_end(trainer, experiments=table)
    assert "the failed run is not noted" in caplog.text
    assert not table.exists()


def test_run_that_ends_well_is_not(tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(epochs=1), TRAIN, VALIDATION, tmp_path / "run", "data")
    told: list[int] = []
    run_to_end(
        trainer,
        experiments=tmp_path / "EXPERIMENTS.md",
        tensorboard=True,
        on_epoch=lambda report: told.append(report.epoch),
    )
    assert told == [1]
    assert not (tmp_path / "EXPERIMENTS.md").exists()
    assert (tmp_path / "run" / FOLDER).is_dir()


def test_training_is_imported_without_the_extra_packages() -> None:
    # Read and not run: to import everything takes a minute on a busy machine.
    for path in Path(surveil.training.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in getattr(node, "names", ())]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & EXTRA, path


def test_help_does_not_wait_for_torch() -> None:
    program = "import sys, surveil.cli.train; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
