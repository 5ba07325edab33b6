"""Accuracy of a model that may abstain."""

from __future__ import annotations

import numpy as np
import pytest

from surveil.training.measure.selective import answered, rank, risk_coverage, threshold_for

CONFIDENCE = np.array([0.9, 0.8, 0.8, 0.7, 0.6, 0.5], np.float32)
RIGHT = np.array([True, True, False, True, True, False])


def test_threshold_is_the_one_of_largest_coverage() -> None:
    """0.9: 1 of 1; 0.8: 2 of 3; 0.7: 3 of 4; 0.6: 4 of 5; 0.5: 4 of 6."""
    ranked = rank(CONFIDENCE, RIGHT)
    assert threshold_for(ranked, 0.75) == pytest.approx((0.6, 5 / 6))
    assert threshold_for(ranked, 0.85) == pytest.approx((0.9, 1 / 6))
    assert threshold_for(rank(CONFIDENCE, ~RIGHT), 0.6) is None


def test_faces_of_equal_confidence_are_answered_together() -> None:
    ranked = rank(CONFIDENCE, RIGHT)
    assert ranked.faces.tolist() == [1, 3, 4, 5, 6]
    found = answered(ranked, 0.8 - 1e-6)
    assert (found.coverage, found.precision) == (0.5, pytest.approx(2 / 3))
    assert answered(ranked, 0.95).precision is None


def test_curve_ends_at_the_accuracy_on_all_faces() -> None:
    random = np.random.default_rng(1)
    confidence = random.random(2000).astype(np.float32)
    right = random.random(2000) < confidence
    result = risk_coverage(rank(confidence, right))
    assert len(result.curve) == 100
    assert result.curve[-1] == (1.0, pytest.approx(right.mean()))
    assert result.curve[0][1] > result.curve[-1][1]
    coverages = [coverage for coverage, _ in result.curve]
    assert coverages == sorted(set(coverages))


@pytest.mark.parametrize("precision", [0.85, 0.9])
def test_threshold_holds_what_it_promises(precision: float) -> None:
    random = np.random.default_rng(3)
    confidence = random.random(3000).astype(np.float32)
    right = random.random(3000) < confidence
    given = risk_coverage(rank(confidence[:1500], right[:1500]), rank(confidence, right))
    chosen = next(t for t in given.thresholds if t.precision == precision)
    assert chosen.threshold is not None
    kept = confidence[:1500] >= np.float32(chosen.threshold)
    assert kept.mean() == pytest.approx(chosen.coverage)
    assert right[:1500][kept].mean() >= precision
    assert chosen.precision_reached == pytest.approx(right[:1500][kept].mean())
    assert chosen.on_validation is not None
    assert chosen.on_validation.precision == pytest.approx(precision, abs=0.03)


def test_a_threshold_says_on_how_many_faces_it_stands() -> None:
    first, _ = risk_coverage(rank(CONFIDENCE, RIGHT)).thresholds
    assert (first.faces, first.precision_reached) == (1, 1.0)
    assert first.interval == pytest.approx((0.2065, 1.0), abs=1e-4)


def test_no_faces_reach_nothing() -> None:
    nothing = rank(np.array([], np.float32), np.array([], bool))
    assert not any(t.reached for t in risk_coverage(nothing).thresholds)
