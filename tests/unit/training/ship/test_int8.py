"""Models get a network in 8 bits, and their card tells what it costs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit.faces import drawn_frame
from kit.figures import metrics, model_in, set_figures
from kit.models import make_faces

from surveil.classify import Classifier
from surveil.classify.networks import StoredModel
from surveil.detect import MtcnnNetworks
from surveil.errors import ModelError
from surveil.models import Precision, find_model, read_facts
from surveil.models.detectors import MTCNN, read_detector
from surveil.training.errors import DataError
from surveil.training.faces import Split, join
from surveil.training.measure.material import Material
from surveil.training.ship.int8 import add_int8, add_int8_detector
from surveil.training.ship.scenes import scenes


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    model = model_in(tmp_path / "tiny")
    described = metrics(model.facts.model_dump(mode="json"), {"faces-a": set_figures(1)})
    (model.folder / "metrics.json").write_text(json.dumps(described))
    return model


@pytest.fixture
def material() -> Material:
    faces = join([make_faces(40, "train"), make_faces(28, "test")])
    return Material(faces, Split.TEST, "0" * 64, True, 0, None, (), False)


def test_figures_are_of_the_file_that_is_written(model: StoredModel, material: Material) -> None:
    ((name, figures),) = add_int8(model, material).items()
    facts = read_facts(model.folder)
    assert facts.int8_sha256 is not None
    assert facts.versioned_name == model.facts.versioned_name
    test = material.faces.only(Split.TEST)
    small, full = (
        Classifier.load(model.folder, precision=precision).classify(list(test.frames))
        for precision in (Precision.INT8, Precision.FLOAT32)
    )
    assert not np.array_equal(small, full)
    assert name == "fer2013"
    assert figures.faces == len(test) == 28
    assert figures.accuracy == (small.argmax(axis=1) == test.labels).mean()
    assert figures.same == (small.argmax(axis=1) == full.argmax(axis=1)).mean()
    card = (model.folder / "card.md").read_text()
    assert f"| fer2013 | 28 | {figures.accuracy:.1%} | {figures.accuracy_float32:.1%} |" in card


def test_ranges_of_other_data_are_refused(model: StoredModel, material: Material) -> None:
    before = sorted(path.name for path in model.folder.iterdir())
    with pytest.raises(DataError, match="not the data that it was trained with"):
        add_int8(model, replace(material, same_data=False))
    assert sorted(path.name for path in model.folder.iterdir()) == before


def test_another_file_of_8_bits_is_refused(model: StoredModel, material: Material) -> None:
    add_int8(model, material)
    (model.folder / "model-int8.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"model-int8\.onnx: is not the file that model\.json"):
        Classifier.load(model.folder, precision=Precision.INT8)


def test_a_model_without_8_bits_runs_in_float32(model: StoredModel) -> None:
    faces = list(make_faces(3, "test").frames)
    np.testing.assert_array_equal(
        Classifier.load(model.folder, precision=Precision.INT8).classify(faces),
        Classifier.load(model.folder).classify(faces),
    )


def test_a_detector_gets_three_networks(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model(MTCNN), tmp_path / MTCNN))
    shipped = read_detector(folder).files
    face = drawn_frame(200, 200, (100, 100, 120))
    written = add_int8_detector(folder, [face, np.ascontiguousarray(face[:, ::-1])])
    changed = {name for name in shipped if written.files[name] != shipped[name]}
    assert changed == {"pnet-int8.onnx", "rnet-int8.onnx", "onet-int8.onnx"}
    MtcnnNetworks.load(folder=folder, precision=Precision.INT8)
    assert "pnet-int8.onnx" in (folder / "card.md").read_text()


def test_photographs_without_a_face_are_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_model(MTCNN), tmp_path / MTCNN))
    with pytest.raises(DataError, match="no face"):
        add_int8_detector(folder, [np.full((90, 90, 3), 80, np.uint8)])


def test_scenes_are_the_same_each_time_and_take_any_photograph() -> None:
    random = np.random.default_rng(1)
    photographs = [
        random.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((1, 1), (3, 400), (90, 70))
    ]
    first, again = (list(scenes(photographs, 5)) for _ in range(2))
    assert [scene.shape for scene in first] == [(720, 1280, 3)] * 5
    np.testing.assert_array_equal(first, again)
