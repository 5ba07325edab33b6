"""One rule for what is told of a face, frame by frame and vote by vote."""

from __future__ import annotations

import pytest

from surveil.intervals import hysteresis
from surveil.intervals.hysteresis import Hysteresis, follow


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.5, 0.5, 0.0), 0),
        ((0.375, 0.625, 0.0), 0),  # ahead by just the hysteresis
        ((0.3, 0.6, 0.1), 1),
    ],
)
def test_another_emotion_must_lead_by_more_than_the_hysteresis(
    scores: tuple[float, ...], told: int
) -> None:
    assert follow(scores, 0, 0.25) == told


def test_first_vote_of_a_track_is_its_highest_score() -> None:
    told = Hysteresis(0.2)
    assert told.choose(1, (0.45, 0.55)) == 1
    assert told.choose(1, (0.55, 0.45)) == 1
    assert told.choose(2, (0.55, 0.45)) == 0
    assert told.choose(1, (0.7, 0.3)) == 0


@pytest.mark.parametrize("lead", [-0.1, 1.1])
def test_a_lead_that_no_score_can_have_is_refused(lead: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        Hysteresis(lead)


def test_the_track_told_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hysteresis, "MAX_TRACKS", 2)
    told = Hysteresis(0.2)
    for track_id in (1, 2, 1, 3):
        told.choose(track_id, (0.0, 1.0))
    assert told.choose(1, (0.55, 0.45)) == 1
    assert told.choose(2, (0.55, 0.45)) == 0
