"""The classifier: calibrated scores, whatever the batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from surveil.classify import Classifier, preprocess
from surveil.classify.networks import read_model
from surveil.engines import EngineName
from surveil.engines.openvino import TOLERANCE
from surveil.models.calibration import softmax


def crops(count: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(2)
    sides = random.integers(16, 120, count)
    return [random.integers(0, 256, (s, s, 3), dtype=np.uint8) for s in sides]


@pytest.fixture
def classifier(model_dir: Path) -> Classifier:
    return Classifier.load(model_dir, engine=EngineName.TORCH, max_batch=4)


def test_scores_are_the_softmax_of_the_scaled_logits(
    classifier: Classifier, model_dir: Path
) -> None:
    faces = crops(3)
    model = read_model(model_dir)
    with torch.inference_mode():
        batch = torch.from_numpy(preprocess(faces, model.facts.preprocessing))
        wanted = (model.network(batch) / 1.5).softmax(1).numpy()
    found = classifier.classify(faces)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_more_crops_than_a_batch_give_what_each_gives_alone(classifier: Classifier) -> None:
    faces = crops(11)
    together = classifier.classify(faces)
    assert together.shape == (11, 7)
    for row, face in enumerate(faces):
        np.testing.assert_allclose(together[row], classifier.classify([face])[0], atol=1e-4)


def test_no_crops_give_no_scores(classifier: Classifier) -> None:
    assert classifier.classify([]).shape == (0, 7)


def test_name_carries_the_hash(classifier: Classifier) -> None:
    assert classifier.name == f"tiny@{classifier.facts.weights_sha256[:7]}"


def test_default_engine_agrees_with_the_reference(classifier: Classifier, model_dir: Path) -> None:
    faces = crops(3)
    np.testing.assert_allclose(
        Classifier.load(model_dir).classify(faces), classifier.classify(faces), atol=TOLERANCE
    )


def test_softmax_of_huge_logits_is_finite() -> None:
    scores = softmax(np.array([[1e4, 0, -1e4]], np.float32))
    np.testing.assert_array_equal(scores, [[1, 0, 0]])
