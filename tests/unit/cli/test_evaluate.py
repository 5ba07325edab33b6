"""``surveil evaluate`` as a user gives it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from kit.figures import SEVEN, model_in
from numpy.typing import NDArray

from surveil.classify.networks import StoredModel
from surveil.cli.evaluate import command
from surveil.errors import ConfigError, ModelError
from surveil.training.errors import DataError
from surveil.training.measure.robustness import CONDITIONS
from surveil.training.records.figures import SetFigures
from surveil.training.records.model_record import read_record

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


def with_manifest(fer_dir: Path, name: str, sha256: str) -> StoredModel:
    """Return a model that was trained with the data of this manifest, with figures beside it."""
    model = model_in(
        fer_dir.parent / name, config=CONFIG, epoch=3, manifest_sha256=sha256, sources=["fer2013"]
    )
    figures = {"faces": 7, "classes": SEVEN, "accuracy": 1, "interval": [0, 1]}
    content = {
        "format": 2, "model": model.facts.versioned_name, "temperature": 1.1,
        "protocol": "As it was.", "test": {"fer2013": figures},
    }  # fmt: skip
    (model.folder / "metrics.json").write_text(json.dumps(content))
    return model


def manifest_sha256(fer_dir: Path) -> str:
    result = evaluate(fer_dir, "--json", "-", "--quick")
    return str(json.loads(result.stdout)["manifest_sha256"])


def own_faces(folder: Path, frames: list[NDArray[np.uint8]]) -> Path:
    """Write class folders, faces by turns happy and sad."""
    for index, frame in enumerate(frames):
        of_class = folder / ("happy", "sad")[index % 2]
        of_class.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(of_class / f"{index}.png"), frame)
    return folder


def noise(count: int, seed: int) -> list[NDArray[np.uint8]]:
    """Return the pictures that ``fer_dir`` has of the same seed: 1 in test, 2 and 3 in training."""
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(count)]


def test_all_figures_of_the_test_split_are_recorded(fer_dir: Path) -> None:
    model = with_manifest(fer_dir, "beta", manifest_sha256(fer_dir))
    result = evaluate(fer_dir, "--record", "--no-speed", model=str(model.folder))
    assert result.exit_code == 0, result.output
    assert f"written to {model.folder / 'metrics.json'}" in result.stdout
    assert "Note" not in result.stderr
    metrics = read_record(model.folder).metrics
    assert metrics.protocol == "As it was."
    assert list(metrics.test) == ["fer2013", "fer2013 without duplicates"]
    for figures in metrics.test.values():
        assert figures.accuracy < 1
        assert len(figures.robustness) == len(CONDITIONS)
        assert figures.strata
        assert figures.ten_crop is not None
    assert model.facts.versioned_name in (model.folder / "card.md").read_text()


def test_one_pass_is_recorded_unless_more_was(fer_dir: Path) -> None:
    model = with_manifest(fer_dir, "beta", manifest_sha256(fer_dir))
    quick = ("--record", "--quick")
    result = evaluate(fer_dir, *quick, "--no-speed", model=str(model.folder))
    assert result.exit_code == 0, result.output
    assert not read_record(model.folder).metrics.test["fer2013"].robustness
    evaluate(fer_dir, "--record", "--no-speed", model=str(model.folder))
    with pytest.raises(ConfigError, match="would drop figures recorded in full"):
        evaluate(fer_dir, *quick, model=str(model.folder))
    assert read_record(model.folder).metrics.test["fer2013"].robustness


def test_a_dataset_of_ones_own_is_evaluated_whole(fer_dir: Path) -> None:
    own = own_faces(fer_dir.parent / "gate", noise(6, seed=9))
    model = with_manifest(fer_dir, "beta", "0" * 64)
    folder = fer_dir.parent / "report"
    result = evaluate(
        fer_dir, "--data", str(own), "--report", str(folder), "--no-speed", model=str(model.folder)
    )
    assert result.exit_code == 0, result.output
    assert "all faces" in result.stdout
    assert "under another name was not checked" in result.stderr
    page = (folder / "index.html").read_text()
    assert "Measured on all faces of gate with" in page
    for wrong in ("fitted to", "recordings of your cameras", "the data has no record"):
        assert wrong not in page


def test_faces_that_were_learned_are_left_out(fer_dir: Path) -> None:
    """Eight of FER2013's training pictures, kept or dropped, lie among a site's own."""
    model = with_manifest(fer_dir, "beta", manifest_sha256(fer_dir))
    own = own_faces(fer_dir.parent / "gate", [*noise(6, seed=9), *noise(14, seed=2)[4:12]])
    options = ("--data", str(own), "--json", "-", "--quick")
    result = evaluate(fer_dir, *options, model=str(model.folder))
    found = json.loads(result.stdout)
    assert (found["split"], found["learned_faces_left_out"]) == ("all", 8)
    assert found["results"]["gate"]["faces"] == 6
    assert (found["warnings"], found["same_data_as_trained_on"]) == ([], False)
    assert "8 faces were left out" in result.stderr
    # Another configuration's manifest beside it changes nothing.
    (fer_dir.parent / "runs/cache/manifest.csv").write_text("of others")
    again = evaluate(fer_dir, *options, model=str(model.folder))
    assert json.loads(again.stdout)["learned_faces_left_out"] == 8


def test_the_test_split_alone_is_taken_of_a_source_the_model_knows(fer_dir: Path) -> None:
    model = with_manifest(fer_dir, "beta", "0" * 64)
    options = ("--data", str(fer_dir), "--json", "-", "--quick")
    result = evaluate(fer_dir, *options, model=str(model.folder))
    found = json.loads(result.stdout)
    assert (found["split"], found["results"]["fer2013"]["faces"]) == ("test", 7)
    assert "trained with faces of fer2013 too, and which ones is not known" in result.stderr


def test_a_path_that_is_nothing_is_named(fer_dir: Path) -> None:
    (fer_dir.parent / "bare").mkdir()
    for name, said in (
        ("bare", r"bare: neither manifest\.csv, nor FER2013"),
        ("no", "no: no such"),
    ):
        with pytest.raises(DataError, match=said):
            evaluate(fer_dir, "--data", str(fer_dir.parent / name))


def test_a_configuration_without_fer2013_must_say_so(fer_dir: Path) -> None:
    own_faces(fer_dir.parent / "site" / "test", noise(6, seed=9))
    config = fer_dir.parent / "own.yaml"
    options = ("--data", str(fer_dir.parent / "site" / ".."), "--config", str(config), "--quick")
    config.write_text("name: own\ndata: {datasets: [site], fer2013: nowhere}\n")
    with pytest.raises(DataError, match=r"nowhere: no such file .* data: \{fer2013: null\}"):
        evaluate(fer_dir, *options)
    config.write_text("name: own\ndata: {datasets: [site], fer2013: null}\n")
    result = evaluate(fer_dir, *options)
    assert "test split" in result.stdout
    assert "some of these faces may have been trained on" in result.stderr


def test_a_rival_that_may_have_learned_the_faces_is_told_of(fer_dir: Path) -> None:
    sha256 = manifest_sha256(fer_dir)
    model = with_manifest(fer_dir, "beta", sha256)
    for name, of, unsure in (("gamma", sha256, False), ("delta", "0" * 64, True)):
        rival = with_manifest(fer_dir, name, of)
        result = evaluate(fer_dir, "--against", str(rival.folder), model=str(model.folder))
        assert ("may have learned some of these faces" in result.stdout) is unsure


def test_splits_of_own_class_folders_are_named_if_the_one_asked_for_is_empty(
    fer_dir: Path,
) -> None:
    own = own_faces(fer_dir.parent / "gate", noise(6, seed=9))
    with pytest.raises(DataError, match=r"the test split holds no face .* there are 6 in train"):
        evaluate(fer_dir, "--data", str(own), "--split", "test")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--json", "nowhere/figures.json"), "nowhere: no such folder"),
        (("--json", "."), "it is a folder"),
        (("--report", "file/below"), "file: not a folder"),
        (("--record", "--split", "train"), "--record takes the test split"),
    ],
)
def test_results_that_could_not_be_kept_are_refused_before_anything_is_read(
    fer_dir: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(fer_dir.parent)
    Path("file").touch()
    with pytest.raises(ConfigError, match=said):
        evaluate(fer_dir, *options, "--data", "not-there", model="no-such-model")


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
