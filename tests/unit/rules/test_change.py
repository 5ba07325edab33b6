"""``change``: a value beside what is usual at the camera."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from surveil.domain import EMOTIONS, IntervalEvent
from surveil.policy import Policy, apply
from surveil.rules.baselines import HOUR_S, Baseline, Lookback
from surveil.rules.keyview import KeyView
from surveil.rules.lint import Site, lint
from surveil.rules.listening import Listening
from surveil.rules.past import CameraPast
from surveil.rules.reading import NOBODY, UNKNOWN, Reading
from surveil.rules.trials import RuleTest, run_test
from surveil.rules.windows import sample_of

HOURS = 24
SECONDS = [
    [(1, "angry"), (2, "neutral")],
    [(1, "angry"), (2, "neutral")],
    [(1, "angry")],
    [(1, "neutral"), (2, "neutral"), (3, "neutral")],
]
OPTIONS = {"of": "share", "emotion": "angry", "over": "4s", "baseline": "1d", "as": "ratio"}


def merge(**options: Any) -> dict[str, Any]:
    """Return the options of a test: those given in place of others, None for none."""
    return {key: one for key, one in {**OPTIONS, **options}.items() if one is not None}


def usual(seconds: float = HOURS * HOUR_S, **votes: int) -> Baseline:
    numbers = tuple(votes.get(emotion.value, 0) for emotion in EMOTIONS)
    scores = tuple(0.9 * number for number in numbers)
    return Baseline(HOURS, seconds, numbers, scores)


class Told:
    """Baselines as a test has them; remembers for which hour it was asked."""

    def __init__(self, baselines: dict[str, Baseline]) -> None:
        self._baselines = baselines
        self.asked: list[tuple[str, Lookback, datetime]] = []

    def find(self, camera: str, lookback: Lookback, hour_at: datetime) -> Baseline | None:
        self.asked.append((camera, lookback, hour_at))
        return self._baselines.get(camera)


def read(
    kit: Any, baselines: dict[str, Baseline], *, events: Any = None, **options: Any
) -> Reading:
    """Return one reading over four seconds of the cameras of which there are events."""
    events = {"lobby": SECONDS} if events is None else events
    pasts = []
    for camera, seconds in events.items():
        past = CameraPast(100.0, 5.0, Counter())
        for second, faces in enumerate(seconds):
            past.window.add(sample_of(kit.interval(second, *faces, camera=camera)))
        pasts.append(past)
    until_s = kit.at(4).timestamp()
    view = KeyView(
        pasts,
        until_s,
        until_s,
        Listening(kit.at(0).timestamp(), 5.0),
        cameras=tuple(events),
        history=Told(baselines),
    )
    when = {"change": merge(**options), "above": 0}
    (condition,) = kit.rule(when=[when]).conditions
    reading: Reading = condition.read(view)
    return reading


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({}, (3 / 8) / 0.25),
        ({"as": "difference"}, 3 / 8 - 0.25),
        ({"of": "mean", "as": "difference"}, (3 * 0.9 + 5 * 0.1 / 6) / 8 - 0.25 * 0.9),
        ({"of": "faces", "emotion": None, "as": "difference"}, 2.0 - 0.5),
        ({"of": "faces", "emotion": None}, 2.0 / 0.5),
        ({"of": "faces"}, (3 / 4) / 0.125),
    ],
)
def test_now_beside_the_usual(kit: Any, options: dict[str, Any], value: float) -> None:
    """Usual: half a face a second, a quarter of whose votes are angry."""
    day = HOURS * 3600
    baseline = usual(angry=day // 8, neutral=3 * day // 8)

    found = read(kit, {"lobby": baseline}, **options)

    assert found.known
    assert found.value == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("baseline", "options"),
    [
        ({}, {}),
        ({"lobby": usual(HOURS * HOUR_S * 0.49, angry=5000, neutral=5000)}, {}),
        ({"lobby": usual(angry=50, neutral=49)}, {}),
        ({"lobby": usual(neutral=5000)}, {}),
        ({"lobby": usual()}, {"of": "faces"}),
    ],
)
def test_without_enough_of_the_past_it_is_not_known(
    kit: Any, baseline: dict[str, Baseline], options: dict[str, Any]
) -> None:
    assert read(kit, baseline, **options) == UNKNOWN


def test_what_never_was_is_a_difference_and_no_ratio(kit: Any) -> None:
    found = read(kit, {"lobby": usual(neutral=5000)}, **{"as": "difference"})

    assert found == Reading(known=True, value=3 / 8)


def test_nobody_has_no_share_and_is_no_face(kit: Any) -> None:
    baselines = {"lobby": usual(angry=5000, neutral=5000)}
    empty: dict[str, Any] = {"lobby": [[], [], [], []]}

    assert read(kit, baselines, events=empty) == NOBODY
    assert read(kit, baselines, events=empty, of="faces") == Reading(known=True, value=0.0)
    assert read(kit, baselines, events={"lobby": [[]]}) == UNKNOWN


def test_of_several_cameras_those_are_compared_that_are_seen(kit: Any) -> None:
    day = HOURS * 3600
    baselines = {"lobby": usual(neutral=day), "hall": usual(neutral=7 * day)}
    events = {"lobby": SECONDS, "hall": []}

    found = read(kit, baselines, events=events, of="faces", emotion="neutral")

    assert found.known
    assert found.value == pytest.approx(5 / 4, abs=1e-6)


def test_the_hour_is_that_of_the_evaluation(kit: Any) -> None:
    told = Told({})
    when = [{"change": {**OPTIONS, "same_hour": True, "zone": "Europe/Madrid"}, "above": 2}]
    stage = kit.stage(kit.rule(when=when), history=told)

    stage.play("aaaaaa")

    assert told.asked[0] == ("lobby", Lookback(86400.0, "Europe/Madrid"), kit.at(0))


@pytest.mark.parametrize(
    ("options", "by", "words"),
    [
        ({"of": "share", "emotion": None}, "camera", "needs an 'emotion'"),
        ({"zone": "Europe/Madrid"}, "camera", "'zone' goes with 'same_hour: true'"),
        ({"same_hour": True, "zone": "Mars"}, "camera", "unknown time zone"),
        ({"baseline": "3h"}, "camera", "86400"),
        ({"baseline": "40d"}, "camera", "2419200"),
        ({"min_confidence": 0.5}, "camera", "not permitted"),
        ({}, "track", "'change' goes with 'by: camera' or 'by: site' or 'by: label'"),
    ],
)
def test_refuses(kit: Any, options: dict[str, Any], by: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kit.rule(when=[{"change": merge(**options), "above": 2}], by=by)


@pytest.mark.parametrize(
    ("options", "bound", "words"),
    [
        ({}, {"above": -1}, "between 0 and inf"),
        ({}, {"at_least": 0}, "always true"),
        ({"as": "difference"}, {"above": 1}, "can never be true"),
        ({"as": "difference"}, {"below": -1.5}, "between -1 and 1"),
    ],
)
def test_refuses_bounds_that_mean_nothing(
    kit: Any, options: dict[str, Any], bound: dict[str, float], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        kit.rule(when=[{"change": {**OPTIONS, **options}, **bound}])


def test_contradictions_and_storms_are_found(kit: Any) -> None:
    change = {"change": OPTIONS}
    both = kit.rule(when=[{**change, "above": 2}, {**change, "below": 1.5}])
    new = kit.rule(when=[{**change, "above": 2}], no_data="fire", notify=["ops"], **{"for": "1m"})
    site = Site({"lobby": {}})

    assert [one.code for one in lint(both, [both], site)] == ["never-true"]
    assert [(one.code, one.part) for one in lint(new, [new], site)] == [("storm", "no_data")]


WEEK = "2 neutral x 6d; 1 neutral + 1 angry x 1d"


@pytest.mark.parametrize(
    ("before", "state"), [(WEEK, "firing"), ("unseen x 4d; 2 neutral x 3d", "inactive")]
)
def test_rules_are_tried_with_what_was_before(kit: Any, before: str, state: str) -> None:
    """A fourteenth of the week's votes are angry, and half of the scene's."""
    when = [{"change": {**OPTIONS, "over": "30s", "baseline": "7d"}, "above": 6.5}]
    test = RuleTest.model_validate(
        {
            "name": "t",
            "before": before,
            "scenes": "2 neutral x 60s; 1 angry + 1 neutral x 60s",
            "expect": [
                {"at": 59, "rule": "joy", "is": "inactive"},
                {"at": 120, "rule": "joy", "is": state},
            ],
        }
    )

    outcome = run_test(test, [kit.rule(when=when)], 1.0)

    assert [one.message for one in outcome.failures] == []


def test_of_a_group_too_small_to_be_told_of_it_says_what_it_says_of_nobody(kit: Any) -> None:
    """A camera of ``mode: aggregate``: four people, each angry, are as an empty room."""
    few = [(track, "angry") for track in range(1, 5)]
    baseline = {"lobby": usual(angry=50_000, neutral=50_000)}
    policy = Policy(keeps_tracks=False, min_group=5)
    found = []
    for faces in (few, []):
        events = [apply(kit.interval(second, *faces), policy) for second in range(4)]
        past = CameraPast(100.0, 5.0, Counter())
        for event in events:
            assert isinstance(event, IntervalEvent)
            past.window.add(sample_of(event))
        until_s = kit.at(4).timestamp()
        listening = Listening(kit.at(0).timestamp(), 5.0)
        view = KeyView(
            [past], until_s, until_s, listening, cameras=["lobby"], history=Told(baseline)
        )
        for of in ("share", "mean", "faces"):
            when = [{"change": {**OPTIONS, "of": of}, "above": 2}]
            found.append(kit.rule(when=when).conditions[0].read(view))

    assert found[:3] == found[3:]
    assert found[0] == NOBODY
