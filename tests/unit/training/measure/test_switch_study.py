"""Figures over time of a model that can be computed in the head."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.config.schema import Inference
from surveil.domain import EMOTIONS
from surveil.models import Preprocessing
from surveil.models.taxonomy import find_taxonomy
from surveil.training.measure.switch_study import (
    FEWEST_IMAGES,
    IMAGES,
    VIEWS,
    make_pool,
    seen_anew,
    study_switches,
)
from surveil.training.measure.switches import dirichlet_pool

HOW = Preprocessing(frame_px=32, crop_px=32, mean=0.0, std=1.0)
TWO = find_taxonomy("two")


def by_brightness(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return scores of the first of two classes by how bright frames are."""
    bright = (frames.mean(axis=(1, 2)) / 255).astype(np.float32)
    return np.stack([bright, 1 - bright], axis=1)


def test_a_pool_holds_the_scores_of_each_face_of_its_own_expression() -> None:
    labels = np.arange(2 * IMAGES + 20) % 2
    frames = np.repeat(np.where(labels == 0, 220, 30).astype(np.uint8), 32 * 32)
    pool = make_pool(frames.reshape(-1, 32, 32), labels, TWO, HOW, by_brightness)
    first, second = (EMOTIONS.index(emotion) for emotion in TWO.classes)
    assert {k: rows.shape for k, rows in pool.items()} == {
        first: (IMAGES, VIEWS, 7),
        second: (IMAGES, VIEWS, 7),
    }
    assert pool[first][:, :, first].min() > 0.7
    assert pool[second][:, :, second].min() > 0.7
    np.testing.assert_allclose(pool[first].sum(axis=2), 1, atol=1e-6)


def test_views_of_a_face_differ_and_repeat() -> None:
    face = np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8)
    one, again, other = (seen_anew(face, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert one.shape == face.shape


def test_an_expression_of_too_few_faces_is_left_out() -> None:
    labels = np.array([0] * FEWEST_IMAGES + [1] * (FEWEST_IMAGES - 1))
    frames = np.zeros((len(labels), 32, 32), np.uint8)
    pool = make_pool(frames, labels, TWO, HOW, by_brightness)
    assert list(pool) == [EMOTIONS.index(TWO.classes[0])]
    assert study_switches(pool) is None


def test_a_sure_model_tells_each_switch_in_its_first_frame() -> None:
    sure = np.eye(7, dtype=np.float32)
    found = study_switches({k: sure[k].reshape(1, 1, 7) for k in (3, 6)})
    assert found is not None
    assert found.expressions == ("happy", "neutral")
    assert (found.plain.tau_s, found.plain.hysteresis) == (0, 0)
    assert found.plain.flips_per_minute == found.plain.missed == 0
    assert found.plain.latency_p95_s is not None
    assert found.plain.latency_p95_s <= 0.2
    assert found.plain.seconds_right > 0.9
    assert found.smoothed.latency_p50_s is not None
    assert found.smoothed.latency_p50_s > found.plain.latency_p95_s


def test_smoothing_takes_flips_away() -> None:
    found = study_switches(dirichlet_pool(np.random.default_rng(1), images=30, views=4))
    assert found is not None
    assert (found.smoothed.tau_s, found.smoothed.hysteresis) == (
        Inference().smoothing_tau_s,
        Inference().hysteresis,
    )
    assert found.smoothed.flips_per_minute < found.plain.flips_per_minute / 2


def test_nothing_told_has_no_latency() -> None:
    always = np.eye(7, dtype=np.float32)[[0]].reshape(1, 1, 7)
    found = study_switches({3: always, 6: always})
    assert found is not None
    assert found.plain.latency_p50_s is None
    assert found.plain.missed == pytest.approx(1.0)
    assert found.plain.seconds_right == 0
