"""Scores made honest on faces that nothing else was fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.models.calibration import Calibration, softmax, unsmoothed
from surveil.training.measure.metrics import calibration_error, log_loss
from surveil.training.measure.temperature import fit_calibration, fit_temperature

RANDOM = np.random.default_rng(5)
LABELS = RANDOM.integers(0, 7, 500)
LOGITS = (RANDOM.normal(size=(500, 7)) + 2 * np.eye(7)[LABELS]).astype(np.float32)


def honest(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels drawn with the very probabilities ``(N, 7)`` that are returned."""
    random = np.random.default_rng(seed)
    scores = softmax(random.normal(size=(count, 7)).astype(np.float32) * 3).astype(np.float64)
    ends = scores.cumsum(axis=1) / scores.sum(axis=1, keepdims=True)
    labels = (random.random(count)[:, None] > ends).sum(axis=1).clip(0, 6)
    return labels.astype(np.int64), scores.astype(np.float32)


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_fitted_temperature_undoes_a_known_one(sharpness: float) -> None:
    plain = fit_temperature(LOGITS, LABELS)
    assert fit_temperature(LOGITS * np.float32(sharpness), LABELS) == pytest.approx(
        plain * sharpness, rel=1e-2
    )
    best = log_loss(LABELS, softmax(LOGITS, plain))
    assert all(best <= log_loss(LABELS, softmax(LOGITS, plain * f)) for f in (0.9, 1.1))


def test_temperature_of_no_data_is_one() -> None:
    nothing = np.empty((0, 7), np.float32), np.array([], np.int64)
    assert fit_temperature(*nothing) == 1.0
    assert fit_calibration(*nothing) == Calibration(1.0, 0.0)


def test_smoothing_is_undone_where_labels_were_smoothed() -> None:
    """What a network learns from labels smoothed by 0.2, and is then measured on honest ones."""
    labels, scores = honest(8000, seed=1)
    logits = np.log(scores * 0.8 + 0.2 / 7)
    fitted, unseen = slice(0, 4000), slice(4000, None)
    calibration = fit_calibration(logits[fitted], labels[fitted])
    assert 0.1 < calibration.smoothing < 0.4
    alone = Calibration(fit_temperature(logits[fitted], labels[fitted]))
    lost = [
        log_loss(labels[unseen], how.scores(logits[unseen]))
        - log_loss(labels[unseen], scores[unseen])
        for how in (alone, calibration)
    ]
    assert 0 <= lost[1] < lost[0] / 4
    errors = [
        calibration_error(labels[unseen], how.scores(logits[unseen]))
        for how in (alone, calibration)
    ]
    assert errors[1] < errors[0]


def test_nothing_is_undone_where_scores_are_honest_or_faces_are_few() -> None:
    labels, scores = honest(4000, seed=2)
    calibration = fit_calibration(np.log(scores), labels)
    assert calibration.smoothing < 0.03
    assert calibration.temperature == pytest.approx(1, abs=0.05)
    assert fit_calibration(LOGITS[:100], LABELS[:100]).smoothing == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_order_of_scores_is_kept_and_they_sum_to_one(smoothing: float) -> None:
    scores = softmax(LOGITS * 3)
    given = unsmoothed(scores, smoothing)
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-5)
    assert (given > 0).all()
    np.testing.assert_array_equal(given.argmax(axis=1), scores.argmax(axis=1))
    order = np.argsort(scores, axis=1)
    assert (np.diff(np.take_along_axis(given, order, axis=1), axis=1) >= 0).all()
