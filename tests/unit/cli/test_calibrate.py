"""``surveil calibrate`` as a user gives it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from kit.models import make_faces, write_small_model

from surveil.classify import Classifier
from surveil.cli.calibrate import command
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.models.facts import read_facts
from surveil.training.errors import DataError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_small_model(tmp_path / "models" / "small")


def class_folders(folder: Path, count: int) -> Path:
    faces = make_faces(count, "test")
    for at, (frame, label) in enumerate(zip(faces.frames, faces.labels, strict=True)):
        place = folder / EMOTIONS[label].value
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{at}.png"), frame)
    return folder


def calibrate(model: Path, *options: str) -> str:
    arguments = [str(model), "--runs", str(model.parent / "runs"), *options]
    return CliRunner().invoke(command, arguments, catch_exceptions=False).output


def test_the_calibrated_model_serves_the_same_weights_with_other_scores(
    model: Path, tmp_path: Path
) -> None:
    ours = class_folders(tmp_path / "ours", 84)
    said = calibrate(model, "--data", str(ours), "--out", str(tmp_path / "small-lobby"))
    assert "84 faces" in said
    assert "Note: 84 faces are few" in said
    before, after = read_facts(model), read_facts(tmp_path / "small-lobby")
    assert after.versioned_name == f"small-lobby@{before.weights_sha256[:7]}"
    assert after.weights_sha256 == before.weights_sha256
    assert after.onnx_sha256 == before.onnx_sha256
    assert after.temperature != before.temperature
    assert after.training["calibrated_for_site"]["faces"] == 84
    crops = [np.full((60, 60, 3), shade, np.uint8) for shade in (20, 200)]
    first, second = (
        Classifier.load(folder).classify(crops) for folder in (model, tmp_path / "small-lobby")
    )
    assert (first.argmax(axis=1) == second.argmax(axis=1)).all()
    assert not np.allclose(first, second)
    assert "with a temperature of" in (tmp_path / "small-lobby" / "card.md").read_text()


def test_figures_are_had_as_json_without_writing_a_model(model: Path, tmp_path: Path) -> None:
    ours = class_folders(tmp_path / "ours", 70)
    result = CliRunner().invoke(
        command, [str(model), "--data", str(ours), "--json"], catch_exceptions=False
    )
    found = json.loads(result.stdout)
    assert found["faces"] == 70
    assert [row["precision"] for row in found["thresholds"]] == [0.85, 0.9]


def test_too_few_faces_are_refused(model: Path, tmp_path: Path) -> None:
    ours = class_folders(tmp_path / "ours", 21)
    with pytest.raises(DataError, match=r"21 faces .* are too few .* label 50 at the least"):
        calibrate(model, "--data", str(ours))


def test_the_models_own_name_is_refused(model: Path, tmp_path: Path) -> None:
    ours = class_folders(tmp_path / "ours", 56)
    with pytest.raises(ConfigError, match="a name of its own, such as small-site"):
        calibrate(model, "--data", str(ours), "--out", str(tmp_path / "small"))
