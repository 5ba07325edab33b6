"""Scenes as events."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.domain import CameraEvent, CameraState, Emotion, IntervalEvent
from surveil.rules.scenes import Scene, length_s, parse_scenes, play_scenes


def test_scenes_are_read_as_promtools_series_are() -> None:
    scenes = parse_scenes("3 neutral x 30s; 2 angry@0.7 + 1 neutral × 1m5s; offline*500ms;")

    assert scenes == (
        Scene("", ((Emotion.NEUTRAL, 0.9),) * 3, 30),
        Scene("", ((Emotion.ANGRY, 0.7),) * 2 + ((Emotion.NEUTRAL, 0.9),), 65),
        Scene("offline", (), 0.5),
    )
    assert length_s(scenes) == 95.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 to 1000 scenes"),
        ("3 neutral", r"scene 1 \('3 neutral'\) is not such as"),
        ("nobody x 5s; 2 agnry x 5s", "scene 2 .*unknown emotion 'agnry'; one of angry"),
        ("nobody x 5", None),
        ("nobody x 5y", "its length must be a duration"),
        ("nobody x 0s", "lasts for no time"),
        ("blind x 5s", "'blind' is neither such as '2 angry' nor one of nobody"),
        ("201 happy x 5s", "more than 200 faces"),
        ("1 happy@0.01 x 5s", "a confidence is between"),
        ("1 happy + x 5s", "'' is neither"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_number(text: str, message: str | None) -> None:
    if message is None:
        assert parse_scenes(text)[0].lasts_s == 5
        return
    with pytest.raises(ValueError, match=message):
        parse_scenes(text)


def test_events_of_all_states(kit: Any) -> None:
    text = "1 happy x 2s; unseen x 1s; offline x 2s; nobody x 1s; away x 2s; nobody x 1s"
    events = list(play_scenes("lobby", parse_scenes(text), kit.at(0), 1.0))

    shown = [
        (event.run, event.seq, event.state if isinstance(event, CameraEvent) else len(event.tracks))
        for event in events
    ]
    assert shown == [
        ("lobby-1", 1, CameraState.LIVE),
        ("lobby-1", 2, 1),
        ("lobby-1", 3, 1),
        ("lobby-1", 4, 0),
        ("lobby-1", 5, CameraState.OFFLINE),
        ("lobby-2", 1, CameraState.LIVE),
        ("lobby-2", 2, 0),
        ("lobby-2", 3, 0),
    ]
    intervals = [event for event in events if isinstance(event, IntervalEvent)]
    assert [(one.from_at, one.frames.analysed) for one in intervals] == [
        *((kit.at(0), 5), (kit.at(1), 5), (kit.at(2), 0)),
        *((kit.at(5), 5), (kit.at(8), 5)),
    ]
    assert all(sum(vote.scores) == pytest.approx(1) for one in intervals for vote in one.tracks)


def test_an_interval_shows_the_scene_that_has_most_of_it(kit: Any) -> None:
    events = play_scenes("a", parse_scenes("nobody x 1.4s; 1 sad x 3.6s"), kit.at(0), 2.0)

    assert [len(event.tracks) for event in events if isinstance(event, IntervalEvent)] == [0, 1]
