"""Figures of a model on the sets of a split."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.models.calibration import Calibration, softmax
from surveil.models.taxonomy import find_taxonomy
from surveil.training.faces import NO_MAJORITY, Faces, Split
from surveil.training.measure.audit import audit
from surveil.training.measure.evaluation import all_scores, evaluate_logits, parts_of
from surveil.training.records.figures import SetFigures

SEVEN, FOUR = find_taxonomy("seven"), find_taxonomy("four")


def guesses(
    count: int, classes: int, seed: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    logits = random.normal(size=(count, classes)) + 2 * np.eye(classes)[labels]
    return labels, logits.astype(np.float32)


def faces_of(sources: list[str], shades: list[int]) -> Faces:
    count = len(sources)
    frames = np.broadcast_to(np.array(shades, np.uint8)[:, None, None], (count, 4, 4)).copy()
    return Faces(
        frames=frames,
        labels=np.zeros(count, np.int64),
        votes=np.zeros((count, 7), np.float32),
        splits=np.full(count, "test"),
        sources=np.array(sources),
        people=np.full(count, ""),
        names=np.array([str(index) for index in range(count)]),
    )


@pytest.mark.parametrize("taxonomy", [SEVEN, FOUR], ids=lambda taxonomy: taxonomy.name)
def test_figures_are_what_the_file_of_figures_takes_and_the_libraries_give(
    taxonomy: object,
) -> None:
    known = SEVEN if taxonomy is SEVEN else FOUR
    labels, logits = guesses(300, len(known.classes))
    calibration = Calibration(1.3)
    found = evaluate_logits(labels, logits, known, calibration)
    written = SetFigures.model_validate(found.as_json())
    assert written.classes == tuple(known.classes)
    assert written.accuracy == pytest.approx(found.accuracy, abs=1e-5)
    assert written.reliability is not None
    assert sum(bin_.faces for bin_ in written.reliability.scaled) == 300
    checked = audit(labels, calibration.scores(logits), found)
    assert checked is not None
    assert checked.figures == 10
    assert checked.largest_difference < 1e-5, checked.of


def test_no_faces_give_figures_that_say_so() -> None:
    nothing = np.empty((0, 7), np.float32)
    nobody = np.array([], np.int64)
    found = evaluate_logits(nobody, nothing, SEVEN, Calibration(), agreed=nobody)
    assert (found.faces, found.interval, found.ferplus) == (0, (0.0, 1.0), None)
    SetFigures.model_validate(found.as_json())


def test_fewer_classes_choose_among_themselves() -> None:
    labels, logits = guesses(400, 7)
    found = evaluate_logits(labels, logits, SEVEN, Calibration())
    assert list(found.restricted) == ["six", "four", "three", "two"]
    columns = FOUR.indices
    there = np.isin(labels, columns)
    wanted = columns[logits[there][:, columns].argmax(axis=1)] == labels[there]
    assert found.restricted["four"].faces == there.sum()
    assert found.restricted["four"].accuracy == pytest.approx(wanted.mean())
    dedicated, own = guesses(50, 4)
    assert list(evaluate_logits(dedicated, own, FOUR, Calibration()).restricted) == ["three", "two"]


def test_votes_count_where_a_majority_names_a_known_emotion() -> None:
    labels, logits = guesses(4, 4)
    happy, angry = 3, 0
    logits[0], logits[3] = (9, 0, 0, 0), (0, 9, 0, 0)
    agreed = np.array([happy, NO_MAJORITY, angry, happy])
    found = evaluate_logits(labels, logits, FOUR, Calibration(), agreed=agreed)
    assert found.ferplus is not None
    assert (found.ferplus.faces, found.ferplus.accuracy) == (2, 0.5)
    nobody = np.full(4, NO_MAJORITY)
    assert evaluate_logits(labels, logits, FOUR, Calibration(), agreed=nobody).ferplus is None


def test_scores_of_few_classes_are_placed_among_seven() -> None:
    wide = all_scores(softmax(guesses(3, 4)[1]), FOUR)
    assert wide.shape == (3, 7)
    np.testing.assert_allclose(wide.sum(axis=1), 1, atol=1e-6)
    assert not np.delete(wide, FOUR.indices, axis=1).any()


def test_duplicates_are_left_out_of_a_set_of_their_own() -> None:
    faces = faces_of(["fer2013"] * 4 + ["own"], [1, 2, 2, 3, 1])
    faces = replace(faces, repeated=np.array([False, True, True, True, False]))
    parts = dict(parts_of(faces, Split.TEST))
    assert {name: part.at.tolist() for name, part in parts.items()} == {
        "fer2013": [0, 1, 2, 3], "fer2013 without duplicates": [0], "own": [4],
    }  # fmt: skip
    assert list(dict(parts_of(faces, Split.VALIDATION))) == ["fer2013", "own"]
