"""A site's temperature is found again, and what it promises holds on faces it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from surveil.models.calibration import Calibration, softmax
from surveil.training.measure.site_calibration import SiteCalibration, calibrate_site

CLASSES = ("happy", "sad", "neutral")


def site(count: int, *, boast: float = 1.0, people: int = 0, seed: int = 0) -> SiteCalibration:
    """Calibrate on faces whose honest logits were multiplied by ``boast``."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, 3)).astype(np.float32) * 2
    chances = softmax(logits)
    labels = np.array([random.choice(3, p=row / row.sum()) for row in chances.astype(float)])
    names = np.array([f"p{at % people}" if people else "" for at in range(count)])
    return calibrate_site(logits * np.float32(boast), labels, names, Calibration(), CLASSES)


def test_the_temperature_undoes_how_much_the_scores_boast() -> None:
    found = site(1500, boast=3.0, people=300)
    assert found.interval[0] < 3.0 < found.interval[1]
    assert found.after.temperature == pytest.approx(3.0, rel=0.2)
    assert found.ece_after < found.ece_before / 2
    assert found.ece_after <= found.ece_by_chance * 1.5
    assert found.log_loss_after < found.log_loss_before
    assert found.people == 300
    assert found.remarks == ()


def test_thresholds_hold_about_what_they_promise_on_other_faces() -> None:
    for row in site(1500, boast=2.0, people=300).thresholds:
        assert row.confidence is not None
        assert row.right is not None
        assert row.interval[0] <= row.precision + 0.02
        assert row.right >= row.precision - 0.05


def test_honest_scores_stay_as_they_are() -> None:
    found = site(1500)
    assert found.interval[0] < 1.0 < found.interval[1]


def test_few_faces_are_said_to_be_few() -> None:
    found = site(60)
    few, unknown = (next(r for r in found.remarks if word in r) for word in ("are few", "who is"))
    assert "60 faces" in few
    assert "both sides" in unknown
    assert found.interval[1] / found.interval[0] > 1.2


def test_a_class_of_which_there_are_hardly_any_is_named() -> None:
    logits = np.zeros((80, 3), np.float32)
    labels = np.array([0] * 75 + [1] * 5)
    found = calibrate_site(logits, labels, np.full(80, "one"), Calibration(), CLASSES)
    assert "too few faces to say anything of sad (5), neutral (0)" in found.remarks


def test_what_training_smoothed_stays_undone() -> None:
    logits = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    labels = logits.argmax(axis=1)
    found = calibrate_site(logits, labels, np.full(100, ""), Calibration(1.2, 0.1), CLASSES)
    assert found.after.smoothing == 0.1
