"""Which faces are classified again."""

from __future__ import annotations

import numpy as np

from surveil.domain import Box
from surveil.workers.inferring.score_memory import ScoreMemory

BOX = Box(100, 100, 200, 200)
CROP = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)


def due(memory: ScoreMemory, at_s: float, box: Box = BOX, crop: np.ndarray = CROP) -> bool:
    return memory.look_of(7, box, crop, at_s)[1]


def test_a_still_face_is_due_at_first_and_after_its_time() -> None:
    memory = ScoreMemory(0.5)
    assert [due(memory, at_s) for at_s in (0, 0.2, 0.4, 0.6, 0.8, 1.1)] == [
        True, False, False, True, False, True,
    ]  # fmt: skip


def test_without_a_time_every_frame_is_due() -> None:
    memory = ScoreMemory(0.0)
    assert all(due(memory, at_s) for at_s in (0, 0.04, 0.08))


def test_a_face_that_moves_grows_or_looks_other_is_due_at_once() -> None:
    for box, crop in [
        (Box(112, 100, 212, 200), CROP),
        (Box(100, 100, 215, 215), CROP),
        (BOX, np.ascontiguousarray(CROP[::-1])),
    ]:
        memory = ScoreMemory(0.5)
        assert due(memory, 0.0)
        assert due(memory, 0.2, box, crop)
        assert not due(memory, 0.4, box, crop)


def test_a_look_keeps_its_scores_while_the_face_looks_the_same() -> None:
    memory = ScoreMemory(0.5)
    first, _ = memory.look_of(7, BOX, CROP, 0.0)
    assert first.scores is None
    first.scores = np.ones(7, np.float32)
    assert memory.look_of(7, BOX, CROP, 0.2) == (first, False)
    later, is_new = memory.look_of(7, BOX, CROP, 0.6)
    assert (later.scores, is_new) == (None, True)
    assert first.scores is not None


def test_tracks_that_are_gone_are_forgotten() -> None:
    memory = ScoreMemory(0.5)
    assert due(memory, 0.0)
    memory.keep_only({8})
    assert due(memory, 0.2)


def test_a_look_that_was_given_up_is_due_again() -> None:
    memory = ScoreMemory(0.5)
    look, _ = memory.look_of(7, BOX, CROP, 0.0)
    look.give_up()
    assert due(memory, 0.2)
