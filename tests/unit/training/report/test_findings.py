"""Sentences on figures: they say what was measured, and what was reached rather than wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surveil.models.calibration import Calibration
from surveil.models.taxonomy import find_taxonomy
from surveil.training.measure.evaluation import evaluate_logits
from surveil.training.measure.mcnemar import mcnemar
from surveil.training.measure.selective import Ranked, rank
from surveil.training.measure.study import Against, SetStudy, Study
from surveil.training.records.figures import SetFigures, Speed
from surveil.training.report.findings import against, findings, thresholds

TWO = find_taxonomy("two")


def evaluated(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], validation: Ranked | None = None
) -> SetFigures:
    """Return the figures of faces named with a confidence, rightly or not."""
    said = np.arange(len(right)) % 2
    logits = np.zeros((len(right), 2), np.float32)
    logits[np.arange(len(right)), said] = np.log(confidence / (1 - confidence))
    labels = np.where(right, said, 1 - said).astype(np.int64)
    return evaluate_logits(labels, logits, TWO, Calibration(), validation=validation)


def surest_first(faces: int, wrong: list[int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    right = np.ones(faces, bool)
    right[wrong] = False
    return np.linspace(0.95, 0.55, faces, dtype=np.float32), right


def test_a_threshold_is_told_by_what_it_reaches() -> None:
    """Of 20 faces the 16 surest hold two wrong, 14/16; 17 hold three, which is less than 85%."""
    confidence, right = surest_first(20, [5, 15, 16, 17, 18, 19])
    first, _ = thresholds(evaluated(confidence, right))
    assert "scores of at least 0.6342, 87.5% (64.0% to 96.5%, 16 faces) are right" in first
    assert first.endswith("and 80% of faces get an answer.")


def test_a_threshold_on_one_face_is_told_with_how_little_that_proves() -> None:
    confidence, right = surest_first(20, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
    first, _ = thresholds(evaluated(confidence, right))
    assert "at least 0.9500, 100.0% (20.7% to 100.0%, 1 face) are right (85% were wanted)" in first


def test_more_than_is_wanted_is_told_as_it_is() -> None:
    confidence, right = surest_first(40, [39])
    for said, wanted in zip(thresholds(evaluated(confidence, right)), ("85%", "90%"), strict=True):
        assert (
            said
            == "Even if every face gets an answer, 97.5% (87.1% to 99.6%, 40 faces) are right, "
            f"where {wanted} were wanted."
        )


def test_a_precision_out_of_reach_is_said_to_be() -> None:
    confidence, right = surest_first(10, [0, 1, 2, 3])
    assert list(thresholds(evaluated(confidence, right))) == [
        "No threshold makes 85% of the answers right.",
        "No threshold makes 90% of the answers right.",
    ]


def test_a_threshold_set_in_advance_is_told_with_what_it_gives_here() -> None:
    held = rank(*surest_first(20, [12, *range(14, 20)]))
    confidence, right = surest_first(20, [5, *range(15, 20)])
    first, _ = thresholds(evaluated(confidence, right, held))
    assert "Set in advance on validation faces the least score is 0.6553, and 93.3% (" in first
    assert "of the 75% that get an answer here are right." in first


def test_an_interval_is_told_as_one_of_the_accuracy() -> None:
    evaluation = evaluated(*surest_first(40, [39]))
    low, high = evaluation.interval
    (first, *_) = findings(Study({"own": SetStudy(evaluation)}))
    assert first.endswith(
        f"Its accuracy on faces of this kind lies between {low:.1%} and {high:.1%} (95% interval)."
    )


def test_time_is_told_with_the_place_it_was_measured_in() -> None:
    study = Study({"own": SetStudy(evaluated(*surest_first(4, [])))})
    time = Speed(engine="torch", threads=16, batch=1, p50_ms=1.5, p95_ms=2.0)
    for device, place in (("cpu", "16 threads"), ("cuda:0", "Some GPU")):
        said = findings(study, [time.model_copy(update={"device": device})], 5_000_000, "Some GPU")[
            -1
        ]
        assert said == f"One face takes 1.5 ms with torch on {place} and needs 5.0 MB of memory."


def test_another_model_is_told_with_what_is_not_known_of_it() -> None:
    first, second = np.array([True] * 30 + [False] * 10), np.array([False] * 30 + [True] * 10)
    found = Against("beta@1", ("happy", "sad"), 0.75, 0.25, mcnemar(first, second))
    assert "(+50.0 points), a difference that chance alone would seldom make" in against(found)
    assert "may have learned" not in against(found)
    unsure = Against("beta@1", ("happy", "sad"), 0.75, 0.25, mcnemar(first, second), unsure=True)
    assert "another split and may have learned some of these faces" in against(unsure)
    nothing = np.empty(0, bool)
    empty = Against("beta@1", ("happy", "sad"), 0.0, 0.0, mcnemar(nothing, nothing))
    assert against(empty) == "Against beta@1: no face here has a label that both models know."
