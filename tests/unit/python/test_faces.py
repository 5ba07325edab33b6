"""Faces of pictures in every form in which people have them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import surveil
from surveil.errors import ConfigError, ModelError
from surveil.python import faces as module
from surveil.simulate.examples import CLIPS


@pytest.fixture(scope="module")
def model() -> surveil.FaceModel:
    return surveil.load("emotion-resnet18", threads=1)


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """A picture of a demo clip in which one person is seen, smiling."""
    with av.open(str(CLIPS["entrance"])) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= 3:
                return frame.to_ndarray(format="rgb24").astype(np.uint8)
    raise AssertionError("the clip is shorter than 3 s")


def test_a_face_has_its_place_and_scores_of_all_expressions(
    model: surveil.FaceModel, image: NDArray[np.uint8]
) -> None:
    [face, *_] = model.faces(image)
    assert face.emotion == "happy"
    assert face.confidence == max(face.scores.values())
    assert sum(face.scores.values()) == pytest.approx(1, abs=1e-3)
    assert 0.9 <= face.score <= 1
    assert 40 <= face.box.height < image.shape[0]
    assert model.name.startswith("emotion-resnet18@")
    assert model.faces(np.zeros((90, 90, 3), np.uint8)) == []


def test_files_and_pictures_give_the_same_as_arrays(
    model: surveil.FaceModel, image: NDArray[np.uint8], tmp_path: Path
) -> None:
    expected = [face.box for face in model.faces(image)]
    picture = Image.fromarray(image)
    picture.save(tmp_path / "a.png")
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    exif = turned.getexif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    turned.save(tmp_path / "turned.png", exif=exif)
    for one in (picture, tmp_path / "a.png", str(tmp_path / "turned.png")):
        assert [face.box for face in model.faces(one)] == expected


def test_what_is_no_picture_is_refused(
    model: surveil.FaceModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"none\.jpg: No such file"):
        model.faces(tmp_path / "none.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ConfigError, match="is no picture"):
        model.faces(tmp_path / "text.jpg")
    with pytest.raises(TypeError, match="RGB"):
        model.faces(np.zeros((9, 9), np.uint8))
    with pytest.raises(TypeError, match="float64"):
        model.faces(np.zeros((9, 9, 3)))  # type: ignore[arg-type]
    monkeypatch.setattr(module, "MAX_PIXELS", 80)
    with pytest.raises(ConfigError, match="pixels"):
        model.faces(Image.new("RGB", (9, 9)))


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="nobody"):
        surveil.load("nobody")
