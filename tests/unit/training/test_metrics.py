"""Figures of merit against scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as reference

from surveil.classify import softmax
from surveil.training.metrics import (
    calibration_error,
    class_figures,
    confusion,
    log_loss,
    macro,
    wilson_interval,
)
from surveil.training.temperature import fit_temperature

NAMES = tuple("abcdefg")
RANDOM = np.random.default_rng(5)
LABELS = RANDOM.integers(0, 7, 500)
LOGITS = (RANDOM.normal(size=(500, 7)) + 2 * np.eye(7)[LABELS]).astype(np.float32)
SCORES = softmax(LOGITS)
GIVEN = SCORES.argmax(axis=1)


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (10, 10), (2470, 3589), (1, 2)])
def test_wilson_interval_is_scipys(hits: int, total: int) -> None:
    wanted = binomtest(hits, total).proportion_ci(method="wilson")
    assert wilson_interval(hits, total) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_nothing_is_known_of_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert log_loss(np.array([], np.int64), np.empty((0, 7), np.float32)) == 0
    assert calibration_error(np.array([], np.int64), np.empty((0, 7), np.float32)) == 0


def test_confusion_and_classes_are_scikit_learns() -> None:
    matrix = confusion(LABELS, GIVEN, 7)
    np.testing.assert_array_equal(matrix, reference.confusion_matrix(LABELS, GIVEN))
    figures = class_figures(matrix, NAMES)
    wanted = reference.precision_recall_fscore_support(LABELS, GIVEN)
    for index, name in enumerate(("precision", "recall", "f1", "support")):
        np.testing.assert_allclose([getattr(f, name) for f in figures], wanted[index])
    balanced, f1 = macro(figures)
    assert balanced == pytest.approx(reference.balanced_accuracy_score(LABELS, GIVEN))
    assert f1 == pytest.approx(reference.f1_score(LABELS, GIVEN, average="macro"))


def test_class_that_never_occurs_is_left_out_of_the_means() -> None:
    figures = class_figures(np.array([[3, 1], [0, 0]]), ("a", "b"))
    assert macro(figures) == (0.75, pytest.approx(6 / 7))
    assert (figures[1].precision, figures[1].recall) == (0, 0)


def test_log_loss_is_scikit_learns() -> None:
    exact = SCORES.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    wanted = reference.log_loss(LABELS, exact, labels=range(7))
    assert log_loss(LABELS, SCORES) == pytest.approx(wanted, rel=1e-5)


def test_calibration_error_by_its_definition() -> None:
    confidence = SCORES.max(axis=1)
    wanted = 0.0
    for low in np.arange(15) / 15:
        chosen = (confidence > low) & (confidence <= low + 1 / 15)
        if chosen.any():
            accuracy = (GIVEN == LABELS)[chosen].mean()
            wanted += chosen.mean() * abs(accuracy - confidence[chosen].mean())
    assert calibration_error(LABELS, SCORES) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_fitted_temperature_undoes_a_known_one(sharpness: float) -> None:
    plain = fit_temperature(LOGITS, LABELS)
    assert fit_temperature(LOGITS * np.float32(sharpness), LABELS) == pytest.approx(
        plain * sharpness, rel=1e-2
    )
    best = log_loss(LABELS, softmax(LOGITS, plain))
    assert all(best <= log_loss(LABELS, softmax(LOGITS, plain * f)) for f in (0.9, 1.1))


def test_temperature_of_no_data_is_one() -> None:
    assert fit_temperature(np.empty((0, 7), np.float32), np.array([], np.int64)) == 1.0
