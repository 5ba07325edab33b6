"""Figures of merit against scikit-learn, torchmetrics and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from sklearn import metrics as reference
from torchmetrics.functional import classification as second

from surveil.models.calibration import softmax
from surveil.training.measure.metrics import (
    brier_score,
    calibration_error,
    chance_calibration_error,
    class_figures,
    confusion,
    log_loss,
    macro,
    reliability,
    top_accuracy,
)

NAMES = tuple("abcdefg")
RANDOM = np.random.default_rng(5)
LABELS = RANDOM.integers(0, 7, 500)
LOGITS = (RANDOM.normal(size=(500, 7)) + 2 * np.eye(7)[LABELS]).astype(np.float32)
SCORES = softmax(LOGITS)
GIVEN = SCORES.argmax(axis=1)
NOBODY = (np.array([], np.int64), np.empty((0, 7), np.float32))

CLASSES = 5


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels in which classes may be absent, and scores of which whole rows may be equal."""
    count = draw(st.integers(1, 40))
    present = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=CLASSES))
    labels = draw(arrays.arrays(np.int64, count, elements=st.sampled_from(present)))
    logits = draw(arrays.arrays(np.int64, (count, CLASSES), elements=st.integers(-3, 3)))
    return labels, softmax(logits.astype(np.float32))


def test_nothing_is_known_of_nothing() -> None:
    assert log_loss(*NOBODY) == brier_score(*NOBODY) == calibration_error(*NOBODY) == 0
    assert top_accuracy(*NOBODY, 2) == 0
    assert chance_calibration_error(NOBODY[1]) == (0, 0)
    assert all(bin_.accuracy is None for bin_ in reliability(*NOBODY))


@settings(deadline=None, max_examples=60)
@given(cases())
def test_all_of_them_are_scikit_learns_with_absent_classes_and_ties(
    case: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> None:
    labels, scores = case
    given_ = scores.argmax(axis=1)
    matrix = confusion(labels, given_, CLASSES)
    np.testing.assert_array_equal(
        matrix, reference.confusion_matrix(labels, given_, labels=range(CLASSES))
    )
    figures = class_figures(matrix, NAMES[:CLASSES])
    wanted = reference.precision_recall_fscore_support(
        labels, given_, labels=range(CLASSES), zero_division=0
    )
    for index, name in enumerate(("precision", "recall", "f1", "support")):
        np.testing.assert_allclose([getattr(f, name) for f in figures], wanted[index])
    present = np.unique(labels)
    balanced, f1 = macro(figures)
    assert balanced == pytest.approx(
        reference.recall_score(labels, given_, labels=present, average="macro", zero_division=0)
    )
    assert f1 == pytest.approx(
        reference.f1_score(labels, given_, labels=present, average="macro", zero_division=0)
    )
    exact = scores.astype(np.float64) / scores.sum(axis=1, keepdims=True, dtype=np.float64)
    assert log_loss(labels, scores) == pytest.approx(
        reference.log_loss(labels, exact, labels=range(CLASSES)), rel=1e-5, abs=1e-6
    )
    truth = np.eye(CLASSES)[labels]
    by_class = [
        reference.brier_score_loss(truth[:, k], exact[:, k], pos_label=1) for k in range(CLASSES)
    ]
    assert brier_score(labels, scores) == pytest.approx(sum(by_class), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_calibration_error_and_specificity_are_torchmetrics(
    case: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> None:
    labels, scores = case
    wanted = second.multiclass_calibration_error(
        torch.from_numpy(scores), torch.from_numpy(labels), CLASSES, n_bins=15, norm="l1"
    )
    # Its borders are rounded to float32, so a score that lies on one may fall beside it.
    on_border = np.abs(scores.max(axis=1) * 15 % 1 - 0.5) > 0.5 - 1e-4
    if not on_border.any():
        assert calibration_error(labels, scores) == pytest.approx(float(wanted), abs=1e-5)
    figures = class_figures(confusion(labels, scores.argmax(axis=1), CLASSES), NAMES[:CLASSES])
    specificity = second.multiclass_specificity(
        torch.from_numpy(scores.argmax(axis=1)), torch.from_numpy(labels), CLASSES, average="none"
    )
    ours = np.array([f.specificity for f in figures], np.float64)
    np.testing.assert_allclose(ours, specificity, atol=1e-6)


def test_top_two_is_scikit_learns_and_torchmetrics() -> None:
    exact = SCORES.astype(np.float64)
    wanted = reference.top_k_accuracy_score(LABELS, exact, k=2, labels=range(7))
    assert top_accuracy(LABELS, SCORES, 2) == pytest.approx(wanted)
    other = second.multiclass_accuracy(
        torch.from_numpy(SCORES), torch.from_numpy(LABELS), 7, top_k=2, average="micro"
    )
    assert top_accuracy(LABELS, SCORES, 2) == pytest.approx(float(other))
    assert top_accuracy(LABELS, SCORES, 1) == (GIVEN == LABELS).mean()


def test_of_equal_scores_the_earlier_class_is_the_higher() -> None:
    even = np.full((3, 3), 1 / 3, np.float32)
    assert [top_accuracy(np.array([k]), even[:1], 2) for k in range(3)] == [1, 1, 0]


def test_specificity_is_the_recall_of_all_others_together() -> None:
    figures = class_figures(confusion(LABELS, GIVEN, 7), NAMES)
    for k, figure in enumerate(figures):
        assert figure.specificity == pytest.approx(
            reference.recall_score(k != LABELS, k != GIVEN), abs=1e-9
        )


def test_class_that_never_occurs_is_left_out_of_the_means() -> None:
    figures = class_figures(np.array([[3, 1], [0, 0]]), ("a", "b"))
    assert macro(figures) == (0.75, pytest.approx(6 / 7))
    assert (figures[1].precision, figures[1].recall) == (0, 0)
    assert (figures[0].specificity, figures[1].specificity) == (0, 0.75)


def test_calibration_error_by_its_definition() -> None:
    confidence = SCORES.max(axis=1)
    wanted = 0.0
    for low in np.arange(15) / 15:
        chosen = (confidence > low) & (confidence <= low + 1 / 15)
        if chosen.any():
            accuracy = (GIVEN == LABELS)[chosen].mean()
            wanted += chosen.mean() * abs(accuracy - confidence[chosen].mean())
    assert calibration_error(LABELS, SCORES) == pytest.approx(wanted, abs=1e-6)
    assert sum(bin_.faces for bin_ in reliability(LABELS, SCORES)) == 500


def test_honest_scores_show_the_calibration_error_that_chance_gives() -> None:
    random = np.random.default_rng(2)
    scores = softmax(random.normal(size=(3000, 7)).astype(np.float32) * 2)
    chance, _ = chance_calibration_error(scores)
    drawn = [
        calibration_error(
            np.array([random.choice(7, p=row / row.sum()) for row in some.astype(np.float64)]), some
        )
        for some in scores.reshape(6, 500, 7)
    ]
    assert chance_calibration_error(scores[:500])[0] == pytest.approx(np.mean(drawn), abs=0.012)
    assert 0.005 < chance < 0.03


@pytest.mark.parametrize("count", [76, 255, 3589])
def test_honest_scores_exceed_the_95th_percentile_in_one_case_of_twenty(count: int) -> None:
    random = np.random.default_rng(count)
    scores = softmax(random.normal(size=(count, 7)).astype(np.float32) * 2)
    _, limit = chance_calibration_error(scores)
    top, others = scores.argmax(axis=1), (scores.argmax(axis=1) + 1) % 7
    exceeded = [
        calibration_error(np.where(random.random(count) < scores.max(axis=1), top, others), scores)
        > limit
        for _ in range(400)
    ]
    # 5% of 400 draws, give or take three standard deviations.
    assert 0.017 <= np.mean(exceeded) <= 0.083
