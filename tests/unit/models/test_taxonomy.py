"""Named sets of expressions, and serving fewer than the model knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from kit.models import write_small_model

from surveil.classify import Classifier
from surveil.domain import EMOTIONS, Emotion
from surveil.engines import EngineName
from surveil.errors import ConfigError, ModelError
from surveil.models.calibration import softmax
from surveil.models.taxonomy import (
    digit_orders,
    emotion_hint,
    emotion_of,
    find_taxonomy,
    restrict,
    taxonomies,
)


def test_sizes_and_order() -> None:
    sizes = {name: len(taxonomy.classes) for name, taxonomy in taxonomies().items()}
    assert sizes == {"seven": 7, "six": 6, "four": 4, "three": 3, "two": 2}
    for taxonomy in taxonomies().values():
        assert list(taxonomy.indices) == sorted(taxonomy.indices)
    assert Emotion.DISGUST not in find_taxonomy("six").classes


def test_labels_of_others_are_minus_one() -> None:
    every = np.arange(7)
    assert find_taxonomy("three").labels_of(every).tolist() == [-1, -1, -1, 0, 1, -1, 2]


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'three'"):
        find_taxonomy("tree")


@given(arrays(np.float32, (5, 7), elements={"min_value": -8, "max_value": 8}))
def test_restricted_scores_are_a_softmax_over_fewer_logits(logits: np.ndarray) -> None:
    four = find_taxonomy("four")
    expected = softmax(logits[:, four.indices])
    assert np.allclose(restrict(softmax(logits), four), expected, atol=1e-6)


def test_a_row_with_nothing_left_is_even() -> None:
    scores = np.zeros((1, 7), np.float32)
    scores[0, 0] = 1
    assert restrict(scores, find_taxonomy("two")).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("label", "emotion"),
    [
        ("Anger", "angry"),
        (" surprised ", "surprise"),
        ("neutral", "neutral"),
        ("SMILES", "happy"),
        ("surprises", "surprise"),
        ("happiness", "happy"),
        ("alegria", "happy"),
        ("Alegría", "happy"),
        ("alegri\u0301a", "happy"),
        ("tristeza", "sad"),
        ("ENOJO", "angry"),
        ("enojos", "angry"),
        ("sorpresa", "surprise"),
        ("miedo", "fear"),
        ("asco", "disgust"),
        ("neutrales", "neutral"),
        ("Neutral", "neutral"),
    ],
)  # fmt: skip
def test_labels_of_other_makers(label: str, emotion: str) -> None:
    assert emotion_of(label) == Emotion(emotion)


@pytest.mark.parametrize("label", ["3", "", "sas", "contempt", "disgusto"])
def test_labels_that_mean_nothing_by_themselves(label: str) -> None:
    assert emotion_of(label) is None


def test_digits_mean_what_their_makers_say() -> None:
    orders = digit_orders()
    assert orders["fer2013"] == {str(i): emotion for i, emotion in enumerate(EMOTIONS)}
    assert orders["affectnet"]["0"] is Emotion.NEUTRAL
    assert orders["raf-db"]["7"] is Emotion.NEUTRAL
    for order in orders.values():
        assert set(order.values()) == set(EMOTIONS)


def test_unknown_label_has_a_hint() -> None:
    assert "did you mean 'neutral'" in emotion_hint("nuetral")
    assert "known are angry" in emotion_hint("xyz")


def test_a_classifier_of_fewer_classes(tmp_path: Path) -> None:
    folder = write_small_model(tmp_path / "small")
    crops = [np.random.default_rng(n).integers(0, 255, (60, 60, 3), np.uint8) for n in range(3)]
    whole = Classifier.load(folder, engine=EngineName.TORCH).classify(crops)
    two = find_taxonomy("two")
    fewer = Classifier.load(folder, engine=EngineName.TORCH, taxonomy=two).classify(crops)
    assert fewer.shape == (3, len(EMOTIONS))
    assert np.allclose(fewer[:, two.indices], restrict(whole, two))
    assert np.allclose(fewer.sum(axis=1), 1)


def test_a_dedicated_model_of_two_classes(tmp_path: Path) -> None:
    happy_or_sad = (Emotion.HAPPY, Emotion.SAD)
    folder = write_small_model(tmp_path / "small", classes=happy_or_sad)
    classifier = Classifier.load(folder, engine=EngineName.TORCH)
    scores = classifier.classify([np.zeros((50, 40, 3), np.uint8)])
    assert scores.shape == (1, len(EMOTIONS))
    assert scores[0, [3, 4]].sum() == pytest.approx(1)
    with pytest.raises(ModelError, match="cannot tell surprise, neutral"):
        Classifier.load(folder, engine=EngineName.TORCH, taxonomy=find_taxonomy("four"))
