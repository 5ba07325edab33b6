"""The loop: it learns, it resumes exactly, it stops at the first NaN."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from surveil.training.checkpoint import read_checkpoint
from surveil.training.config import TrainConfig
from surveil.training.errors import CheckpointError, DivergedError
from surveil.training.faces import Faces
from surveil.training.loop import BEST, HISTORY, LAST, Progress, Trainer


def make_faces(count: int, split: str) -> Faces:
    """Faces with a bright bar whose place tells the label, so that they are learned at once."""
    random = np.random.default_rng(len(split))
    labels = np.arange(count) % 7
    frames = random.integers(0, 60, (count, 48, 48), dtype=np.uint8)
    for index, label in enumerate(labels):
        frames[index, 6 * label + 2 : 6 * label + 8, 4:44] += 150
    return Faces(
        frames=frames,
        labels=labels.astype(np.int64),
        votes=np.eye(7, dtype=np.float32)[labels],
        splits=np.full(count, split, "<U10"),
        sources=np.full(count, "fer2013", "<U32"),
        people=np.full(count, "", "<U64"),
        names=np.array([str(index) for index in range(count)], "<U96"),
    )


TRAIN, VALIDATION = make_faces(56, "train"), make_faces(14, "validation")
CONFIG = TrainConfig.model_validate(
    {
        "name": "tiny", "epochs": 3, "batch": 14, "precision": "float32", "ema": 0.5,
        "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
        "phases": [{"until": 0.5, "px": 24}, {"until": 1.0, "px": 32}],
        "optimiser": {"rate": 0.05, "warmup_epochs": 1},
    }
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def trainer(folder: Path, **changes: object) -> Trainer:
    config = TrainConfig.model_validate(CONFIG.model_dump() | changes)
    return Trainer(config, TRAIN, VALIDATION, folder, "data")


def test_it_learns_and_keeps_last_best_and_history(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=8)
    steps: list[Progress] = []
    run.run(on_step=steps.append)
    assert run.history[-1].loss < 0.8 * run.history[0].loss
    assert sorted(p.name for p in tmp_path.iterdir()) == [BEST, HISTORY, LAST]
    assert len((tmp_path / HISTORY).read_text().splitlines()) == 8
    best = max((line.validation_accuracy, -line.validation_log_loss) for line in run.history)
    assert tuple(read_checkpoint(tmp_path / BEST)[1]["best"]) == best
    assert (steps[-1].epoch, steps[-1].step, steps[-1].left_s) == (8, 4, 0)
    assert all(step.left_s >= 0 for step in steps)


def test_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    whole.run()
    first = trainer(tmp_path / "parts")

    class StopError(Exception):
        pass

    def stop(at: Progress) -> None:
        if (at.epoch, at.step) == (2, 3):
            raise StopError

    with pytest.raises(StopError):
        first.run(on_step=stop)
    second = trainer(tmp_path / "parts")
    assert second.resume()
    assert second.epoch == 1
    second.run()
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(second.model.state_dict()[name], value, msg=name)
    for name, value in whole.average.state.items():
        torch.testing.assert_close(second.average.state[name], value, msg=name)
    assert [dataclasses.replace(line, seconds=0) for line in second.history] == [
        dataclasses.replace(line, seconds=0) for line in whole.history
    ]


def test_kill_in_the_middle_of_an_epoch_leaves_a_checkpoint_to_resume(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import importlib.util, pathlib
        spec = importlib.util.spec_from_file_location("loop_test", {str(Path(__file__))!r})
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        def told(at):
            print(at.epoch, at.step, flush=True)
        module.trainer(pathlib.Path({str(tmp_path)!r}), epochs=500).run(on_step=told)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if line.split() == ["2", "2"]:
                os.kill(process.pid, signal.SIGKILL)
                break
    process.wait(timeout=30)
    resumed = trainer(tmp_path)
    assert resumed.resume()
    assert resumed.epoch >= 1


def test_nan_stops_the_run_at_once_and_spares_the_checkpoint(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=1)
    run.run()
    again = trainer(tmp_path, epochs=3)
    again.resume()
    with torch.no_grad():
        next(again.model.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match="epoch 2, step 1"):
        again.run()
    assert read_checkpoint(tmp_path / LAST)[1]["epoch"] == 1


def test_nothing_to_resume(tmp_path: Path) -> None:
    assert not trainer(tmp_path).resume()


def test_checkpoint_of_another_network_or_data_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).run()
    other = trainer(
        tmp_path, architecture={"kind": "resnet-small", "width": 16, "blocks": [1, 1, 1, 1]}
    )
    with pytest.raises(CheckpointError, match="architecture differs"):
        other.resume()
    with pytest.raises(CheckpointError, match="data_sha256 differs"):
        Trainer(CONFIG, TRAIN, VALIDATION, tmp_path, "other data").resume()


def test_average_follows_buffers_too(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=1)
    run.run()
    name = "network.bn1.running_mean"
    averaged, raw = run.average.state[name], run.model.state_dict()[name]
    assert not torch.equal(averaged, raw)
    assert float(averaged.abs().sum()) > 0
