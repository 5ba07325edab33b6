"""The notebook in docs/ runs as it stands, with a tiny budget in place of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[3] / "docs" / "first-model.ipynb"

CELLS = [
    ("parameters" in cell["metadata"].get("tags", []), "".join(cell["source"]))
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code"
]


def test_it_trains_compares_and_uses_a_model(
    fer_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(fer_dir.parent)
    room: dict[str, Any] = {"__name__": "notebook"}
    for is_parameters, source in CELLS:
        exec(compile(source, NOTEBOOK.name, "exec"), room)
        if is_parameters:
            room |= {"DATA": str(fer_dir.parent), "EPOCHS": 1, "BATCH": 8, "PX": 24}
    said = capsys.readouterr().out
    assert "written to mine/first-model" in said
    assert "emotion-resnet18@" in said
    assert said.count("labelled ") == 5
    assert Path("compare.html").read_text().startswith("<!doctype html>")


def test_it_is_thirty_lines_and_keeps_no_output() -> None:
    assert sum(len([line for line in source.splitlines() if line]) for _, source in CELLS) <= 30
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
