"""Charts of the pages: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from surveil.training.measure.selective import rank, risk_coverage
from surveil.training.records.figures import Bin, SetFigures
from surveil.training.report.charts import LEAST_ACCURACY, Plane, heat

PLANE = Plane(160)


def test_a_bar_is_as_high_as_its_share_and_faint_with_few_faces() -> None:
    bins = [
        Bin(low=0.0, high=0.25, faces=0),
        Bin(low=0.25, high=0.5, faces=10, confidence=0.4, accuracy=0.5),
        Bin(low=0.5, high=1.0, faces=40, confidence=0.9, accuracy=1.0),
    ]
    low, high = PLANE.bars(bins)
    assert (low.x, low.width) == (41, 38)
    assert (low.y, low.height) == (80, 80)
    assert (high.y, high.height) == (0, 160)
    assert (low.opacity, high.opacity) == (0.47, 1.0)
    assert low.title == "10 faces of confidence 25% to 50%, on average 40.0%: 50.0% right"
    assert PLANE.bars([]) == []


def test_the_curve_begins_at_the_least_accuracy_shown() -> None:
    heights = [PLANE.height(share) for share in (1.0, LEAST_ACCURACY, 0.1)]
    assert heights == [0, 160, 160]
    assert PLANE.points([(0.5, 1.0), (1.0, 0.7)]) == "80.0,0.0 160.0,80.0"


def test_marks_lie_on_the_curve_also_where_more_is_reached_than_wanted() -> None:
    """All faces may be answered here: 39 of 40 are right, far more than 85%."""
    right = np.ones(40, bool)
    right[-1] = False
    found = risk_coverage(rank(np.linspace(0.9, 0.5, 40, dtype=np.float32), right))
    marks = PLANE.marks(found.thresholds)
    drawn = PLANE.points(found.curve).split()
    assert len(marks) == 2
    for mark in marks:
        assert f"{mark.x:.1f},{mark.y:.1f}" in drawn
        assert mark.title.startswith("97.5% right at 100% coverage, where ")


def test_a_precision_that_is_not_reached_has_no_mark() -> None:
    found = risk_coverage(rank(np.array([0.9, 0.8], np.float32), np.array([False, True])))
    assert not any(threshold.reached for threshold in found.thresholds)
    assert PLANE.marks(found.thresholds) == []


def test_rows_of_a_confusion_matrix_are_shares_of_their_faces() -> None:
    figures = SetFigures.model_validate(
        {"faces": 4, "classes": ["happy", "sad"], "accuracy": 0.5, "interval": [0.1, 0.9],
         "confusion": [[1, 3], [0, 0]]}
    )  # fmt: skip
    first, second = heat(figures)
    assert first == ("happy", 4, [(1, pytest.approx(0.25)), (3, pytest.approx(0.75))])
    assert second == ("sad", 0, [(0, 0.0), (0, 0.0)])
