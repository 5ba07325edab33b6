"""``surveil compare`` as its user calls it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kit.figures import FOUR, write_model

from surveil.cli.compare import command
from surveil.errors import ConfigError
from surveil.training.errors import DataError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


def test_it_writes_page_and_tables_and_shows_the_models(tmp_path: Path) -> None:
    models, out = tmp_path / "models", tmp_path / "all.html"
    write_model(models, "alpha")
    write_model(models, "four-beta", classes=FOUR)
    result = run(models, "--out", out, "--json", tmp_path / "a.json", "--csv", tmp_path / "a.csv")
    assert result.exit_code == 0
    assert "alpha@" in result.stdout
    assert "! The models know different numbers of classes" in result.stdout
    assert out.read_text().startswith("<!doctype html>")
    report = json.loads((tmp_path / "a.json").read_text())
    with (tmp_path / "a.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [row["model"] for row in report["rows"]] == [line["model"] for line in lines]
    assert report["warnings"]


def test_programs_get_rows_alone(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "alpha")
    assert json.loads(run(folder, "--json", "-").stdout)["rows"][0]["accuracy"] > 0.5
    assert next(csv.DictReader(io.StringIO(run(folder, "--csv", "-").stdout)))["classes"] == "7"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such folder"):
        run(tmp_path / "nowhere")


def test_without_a_folder_the_shipped_models_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "emotion-resnet18@" in run().stdout
    write_model(tmp_path / "models", "alpha")
    found = run().stdout
    assert "alpha@" in found
    assert "emotion-resnet18@" not in found


def test_a_table_that_could_not_be_written_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "alpha")
    with pytest.raises(ConfigError, match="nowhere: no such folder"):
        run(folder, "--csv", tmp_path / "nowhere" / "a.csv")


def test_comparing_needs_no_torch(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha")
    code = (
        "import sys; from surveil.cli.compare import command\n"
        f"command([{str(tmp_path)!r}, '--out', {str(tmp_path / 'a.html')!r}], "
        "standalone_mode=False)\n"
        "assert not {'torch', 'cv2', 'pandas'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
