"""The table of runs, those that failed included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.figures import write_model

from surveil.training.config import TrainConfig
from surveil.training.records.experiments import (
    COLUMNS,
    note_experiment,
    note_failure,
    update_experiment,
)
from surveil.training.records.model_record import ModelRecord, read_record

OLD = "# Experiments\n\n| model | seed |\n|---|---|\n| alpha@1234567 | 1 |\n"


def record(folder: Path, **changes: Any) -> ModelRecord:
    path = write_model(folder, "alpha", **changes) / "model.json"
    path.write_text(path.read_text().replace('"seed"', '"taxonomy": "seven", "seed"'))
    return read_record(path.parent)


def rows(table: Path) -> list[list[str]]:
    lines = [line for line in table.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_model_is_listed_once_with_its_figures(tmp_path: Path) -> None:
    table, model = tmp_path / "new" / "EXPERIMENTS.md", record(tmp_path, note="a | b\nc")
    note_experiment(table, model)
    note_experiment(table, model)
    head, _, line = rows(table)
    assert tuple(head) == COLUMNS
    cells = dict(zip(COLUMNS, line, strict=True))
    assert cells["run"] == model.facts.versioned_name
    assert cells["configuration"] == "alpha: resnet-small w8 1-1-1-1, seven, batch 64, sgd 0.1"
    assert cells["epochs"] == "5 of 5, 5 exported"
    assert cells["accuracy"].startswith("faces-a ")
    assert cells["coverage at 85%"].endswith("%")
    assert cells["remark"] == "a / b c"


def test_a_model_measured_or_calibrated_again_has_its_line_replaced(tmp_path: Path) -> None:
    table = tmp_path / "EXPERIMENTS.md"
    model = record(tmp_path)
    described = model.facts.model_copy(update={"weights_sha256": "cd" * 32})
    update_experiment(table, model)
    assert not table.exists()
    note_experiment(table, model)
    note_experiment(table, replace(model, facts=described))
    (name, figures), *_ = model.metrics.test.items()
    again = figures.model_copy(update={"ece": 0.0123, "ten_crop": None})
    better = model.metrics.model_copy(update={"test": {name: again}})
    for write in (note_experiment, update_experiment):
        write(table, replace(model, metrics=better))
        first, second = (dict(zip(COLUMNS, line, strict=True)) for line in rows(table)[2:])
        assert (first["ECE"], first["ten-crop"]) == ("1.23%", "")
        assert first["run"] == model.facts.versioned_name
        assert (second["run"], second["ECE"]) == ("alpha@cdcdcdc", "2.00%")
    unlisted = model.facts.model_copy(update={"weights_sha256": "ef" * 32})
    update_experiment(table, replace(model, facts=unlisted))
    assert len(rows(table)) == 2 + 2


def test_a_run_that_gave_no_model_is_listed(tmp_path: Path) -> None:
    table = tmp_path / "EXPERIMENTS.md"
    config = TrainConfig(name="beta", seed=3, epochs=9)
    note_failure(table, config, epochs_done=0, reason="the loss is nan in epoch 1")
    note_failure(table, config, epochs_done=2, reason="stopped", validation_accuracy=0.257)
    first, second = (dict(zip(COLUMNS, line, strict=True)) for line in rows(table)[2:])
    assert (first["run"], first["seed"], first["epochs"]) == ("(none)", "3", "0 of 9")
    assert first["remark"] == "the loss is nan in epoch 1"
    assert second["accuracy"] == "validation 25.70%"
    assert second["configuration"].startswith("beta: resnet-small w64 2-2-2-2, seven, batch 128")


def test_a_table_of_other_columns_keeps_its_rows(tmp_path: Path) -> None:
    table = tmp_path / "EXPERIMENTS.md"
    table.write_text(OLD)
    note_experiment(table, record(tmp_path))
    assert table.read_text().startswith(OLD)
    assert len(rows(table)) == 2 + 3
