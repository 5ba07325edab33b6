"""``surveil evaluate`` as a user gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from made_up_study import model_in

from surveil.cli.evaluate import command
from surveil.errors import ConfigError, ModelError
from surveil.training.errors import DataError
from surveil.training.metrics_file import SetFigures

CONFIG = {
    "name": "tiny-model",
    "data": {"fer2013": "fer2013", "validation_percent": 40},
    "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1]},
}


def evaluate(fer_dir: Path, *options: str, model: str | None = None) -> Result:
    torch.set_num_threads(1)
    folder = fer_dir.parent / "alpha"
    if not folder.exists():
        model_in(folder, config=CONFIG)
    arguments = [model or str(folder), "--data", str(fer_dir.parent), "--device", "cpu"]
    arguments += ["--runs", str(fer_dir.parent / "runs"), "--threads", "1", *options]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_figures_and_page_are_written(fer_dir: Path) -> None:
    figures, folder = fer_dir.parent / "figures.json", fer_dir.parent / "deep" / "report"
    (fer_dir.parent / "groups.csv").write_text(
        "name,site\n" + "".join(f"{28 + row},{'ab'[row % 2]}\n" for row in range(7))
    )
    result = evaluate(
        fer_dir, "--json", str(figures), "--report", str(folder), "--no-speed",
        "--groups", str(fer_dir.parent / "groups.csv"), "--group-by", "site",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "macro-F1" in result.stdout
    assert "measuring: box jitter 10%" in result.stderr
    written = json.loads(figures.read_text())
    assert list(written["results"]) == ["fer2013", "fer2013 without duplicates"]
    for found in written["results"].values():
        SetFigures.model_validate(found)
    strata = written["results"]["fer2013"]["strata"]
    assert [(s["stratum"], s["faces"]) for s in strata if s["by"] == "site"] == [("a", 4), ("b", 3)]
    assert next(row["how"] for row in written["calibrations"]) == "none"
    assert written["speed"] == []
    page = (folder / "index.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "Spoilt faces" in page


def test_one_pass_is_enough_for_the_terminal(fer_dir: Path) -> None:
    other = model_in(fer_dir.parent / "beta", seed=2)
    result = evaluate(fer_dir, "--against", str(other.folder))
    assert "measuring" not in result.stderr
    for words in ("without duplicates", "specificity", "Against beta@", "McNemar", "four"):
        assert words in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--group-by", "site"), "belong together"),
        (("--groups", "g.csv", "--group-by", "site"), "--group-by needs --json"),
        (("--device", "tpu"), "device 'tpu' is unknown"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    fer_dir: Path, options: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        evaluate(fer_dir, *options)


def test_figures_of_other_data_are_not_recorded(fer_dir: Path) -> None:
    with pytest.raises(ConfigError, match="--record takes the test split of the data"):
        evaluate(fer_dir, "--record", "--no-speed")


def test_a_split_without_faces_the_model_knows_is_named(fer_dir: Path) -> None:
    config = CONFIG | {"data": {"fer2013": "fer2013", "validation_percent": 0}}
    model_in(fer_dir.parent / "gamma", config=config)
    with pytest.raises(DataError, match="the validation split holds no face of a class that"):
        evaluate(fer_dir, "--split", "validation", model=str(fer_dir.parent / "gamma"))


def test_what_is_damaged_or_missing_is_named(fer_dir: Path) -> None:
    evaluate(fer_dir)
    (fer_dir / "publictest.parquet").unlink()
    with pytest.raises(DataError, match=r"publictest\.parquet"):
        evaluate(fer_dir)
    weights = fer_dir.parent / "alpha" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ModelError, match="is not the file that"):
        evaluate(fer_dir)
    model_in(fer_dir.parent / "delta")
    with pytest.raises(ConfigError, match=r"model\.json: training\.config: name"):
        evaluate(fer_dir, model=str(fer_dir.parent / "delta"))
