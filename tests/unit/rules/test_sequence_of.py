"""``sequence``: one thing after another, within a time."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from surveil.rules.stored import from_stored, to_stored


def share(emotion: str) -> dict[str, Any]:
    return {"share": {"emotion": emotion, "over": "1s"}, "above": 0.5}


def then(*emotions: str, within: str = "3s", **options: Any) -> dict[str, Any]:
    return {"sequence": [share(emotion) for emotion in emotions], "within": within, **options}


def test_second_fires_after_the_first_and_lasts_as_long_as_it_does(kit: Any) -> None:
    rule = kit.rule(when=[then("happy", "angry")])

    assert kit.stage(rule).play(".hn.aaaaaaan").log == [(5, "firing"), (12, "resolved")]


def test_second_alone_too_late_or_first_does_not_fire(kit: Any) -> None:
    rule = kit.rule(when=[then("happy", "angry")])

    for script in ("aaaa", "h...a", "aah", "hhhh"):
        assert kit.stage(rule).play(script).log == []


def test_three_in_turn(kit: Any) -> None:
    rule = kit.rule(when=then("happy", "neutral", "angry"))

    assert kit.stage(rule).play("hna").states == ["firing"]
    assert kit.stage(rule).play("nha").states == []
    assert kit.stage(rule).play("h.n.a").states == ["firing"]


def test_what_is_true_at_once_does_not_follow(kit: Any) -> None:
    both = {"faces": {"over": "1s"}, "at_least": 1}
    rule = kit.rule(when=[{"sequence": [share("happy"), both], "within": "3s"}])

    assert kit.stage(rule).play(".h").states == []
    assert kit.stage(rule).play(".hh").log == [(3, "firing")]


def test_within_a_group(kit: Any) -> None:
    rule = kit.rule(when={"all": [then("happy", "angry"), {"not": share("neutral")}]})

    assert kit.stage(rule).play("ha").states == ["firing"]


def test_it_is_unknown_whether_what_was_not_seen_came_first(kit: Any) -> None:
    rule = kit.rule(when=[{"not": then("happy", "angry")}])

    assert kit.stage(rule).play("xxxx").states == []


def test_it_outlives_the_alerter(kit: Any) -> None:
    rule = kit.rule(when=[then("happy", "angry", within="10s")])
    stage = kit.stage(rule).play("h..")
    (alert,) = stage.engine.alerts()
    stored = to_stored(alert)

    again = from_stored(stored, rule)
    assert again is not None
    assert again.marks == alert.marks
    later = kit.stage(rule, start=3)
    later.engine.restore([stored], {"R1": 3}, [])
    later.see(kit.interval(3, (1, "angry"), seq=4))
    assert later.states == ["firing"]


@pytest.mark.parametrize(
    "when", [then("happy"), {"sequence": [share("happy")] * 2}, then(*["happy"] * 5)]
)
def test_refuses_what_is_no_sequence(kit: Any, when: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kit.rule(when=[when])


def test_model_is_told_to_be_unsure(kit: Any) -> None:
    rule = kit.rule(when=[{"health": "model", "over": "4s", "unsure_above": 0.5}])
    stage = kit.stage(rule)
    for second, confidence in enumerate([0.9, 0.9, 0.4, 0.4, 0.4, 0.4]):
        stage.see(kit.interval(second, (1, "sad", confidence)))

    assert stage.log == [(5, "firing")]
    assert stage.transitions[0].value == 0.75


@pytest.mark.parametrize(
    "options",
    [
        {"health": "model", "silent_for": "15s"},
        {"health": "camera"},
        {"health": "camera", "silent_for": "15s", "over": "1m"},
    ],
)
def test_options_of_health_go_with_their_kind(kit: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kit.rule(when=[options])
