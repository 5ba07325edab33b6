"""What the engine concludes does not depend on the wall clock being set."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.rules.clock import AHEAD_S, LIVE_S, WallClock
from surveil.rules.stored import StoredAlert

RULES: list[dict[str, Any]] = [
    {"name": "blind", "when": [{"health": "camera", "silent_for": "5s"}], "for": "4s"},
    {"name": "joy", "for": "3s", "keep_firing_for": "3s"},
    {"name": "smile", "by": "track", "for": "2s"},
    {"name": "nobody", "by": "site", "when": [{"faces": {"over": "4s"}, "at_most": 0}]},
    {"name": "away", "by": "site", "when": [{"health": "inference", "silent_for": "8s"}]},
]
NAMES = {"h": "happy", "n": "neutral"}
HOUR_S = 3600.0


def play(kit: Any, script: str, step_at: int, step_s: float, *, begins_run: bool) -> Any:
    """Play a script, a character a second, and set the clock by ``step_s`` at ``step_at``.

    Returns the stage, with what it did as ``course``: rule, state, the second with the step taken
    back, and how long the condition had held.

    Args:
        kit: The stage's maker.
        script: As in ``Stage.play``.
        step_at: Second of the step, before the interval that ends then arrives.
        step_s: By how much.
        begins_run: Whether a new run begins by the new time, or the old one goes on by the old.
    """
    stage = kit.stage(*(kit.rule(**rule) for rule in RULES))
    stage.course = []
    seq = {"R1": 0, "R2": 0}
    for second, mark in enumerate(script):
        is_over = second >= step_at
        ahead_s = step_s if is_over else 0.0
        end_at = kit.at(second + 1 + ahead_s)
        stage.engine.tell(end_at, set_by_s=step_s if second == step_at else 0.0)
        if mark != " ":
            # What ends with the step was stamped before it.
            is_new = begins_run and second > step_at
            run = "R2" if is_new else "R1"
            seq[run] += 1
            faces = [(1, NAMES[mark])] if mark in NAMES else []
            stamp = second + (step_s if is_new else 0.0)
            analysed = 0 if mark == "x" else 5
            stage.see(kit.interval(stamp, *faces, seq=seq[run], run=run, analysed=analysed))
        stage.tick(second + 1.25 + ahead_s)
        for step in stage.transitions[len(stage.course) :]:
            at_s = (step.at - kit.at(ahead_s)).total_seconds()
            held_s = (step.at - step.since_at).total_seconds()
            stage.course.append((step.rule, step.to_state, round(at_s, 3), round(held_s, 3)))
    return stage


@given(
    script=st.text(alphabet="hn.x ", min_size=8, max_size=50),
    step_at=st.integers(0, 40),
    step_s=st.sampled_from([HOUR_S, -HOUR_S, 90.0, -90.0, 7 * 86400.0, -7 * 86400.0]),
)
def test_setting_the_clock_changes_nothing(
    kit: Any, script: str, step_at: int, step_s: float
) -> None:
    plain = play(kit, script, len(script), 0.0, begins_run=False)
    stepped = play(kit, script, step_at, step_s, begins_run=False)

    assert stepped.course == plain.course
    assert +stepped.engine.drops == +plain.engine.drops


@pytest.mark.parametrize("begins_run", [True, False])
@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 20.0, -20.0])
def test_live_camera_does_not_go_blind(kit: Any, step_s: float, begins_run: bool) -> None:
    stage = play(kit, "n" * 120, 20, step_s, begins_run=begins_run)

    assert [step.rule for step in stage.transitions] == []
    assert not +stage.engine.drops


@pytest.mark.parametrize("begins_run", [True, False])
@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
def test_evaluation_goes_on_at_once(kit: Any, step_s: float, begins_run: bool) -> None:
    stage = play(kit, "n" * 30 + "h" * 10 + "n" * 20, 20, step_s, begins_run=begins_run)
    joy = [(state, at_s) for rule, state, at_s, _ in stage.course if rule == "joy"]

    assert joy == [("pending", 32), ("firing", 34), ("recovering", 42), ("resolved", 44)]


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
def test_blind_camera_is_found_and_resolves_whatever_the_clock(kit: Any, step_s: float) -> None:
    stage = play(kit, "n" * 20 + "x" * 20 + "n" * 10, 22, step_s, begins_run=True)
    blind = [step for step in stage.transitions if step.rule == "blind"]

    assert [step.to_state for step in blind] == ["pending", "firing", "resolved"]
    assert [round(step.value, 3) for step in blind[:2]] == [5, 9]


def test_clock_set_back_between_two_alerters_holds_nothing_up(kit: Any) -> None:
    rule = kit.rule(**RULES[0])
    events = [kit.interval(second) for second in range(3)]
    old = kit.stage(rule).see(*events).tick(*range(3, 12))
    assert old.states == ["pending"]
    stored = [
        StoredAlert(one.rule, one.key, json.loads(json.dumps(one.data)))
        for one in old.engine.take_changes().alerts
    ]

    new = kit.stage(rule, start=12 - HOUR_S)
    new.engine.restore(stored, {"R1": 3}, events)
    new.tick(*(12 - HOUR_S + second for second in range(10)))
    assert new.states == ["firing"]

    new.see(kit.interval(22 - HOUR_S, run="R2", seq=1))
    assert new.states == ["firing", "resolved"]


def test_what_is_far_ahead_of_the_clock_is_counted_and_passed_by(kit: Any) -> None:
    stage = kit.stage().tick(0)
    ahead = int(AHEAD_S) + 5
    stage.see(kit.interval(ahead, (1, "happy"), seq=1), kit.interval(1, (1, "happy"), seq=2))

    assert +stage.engine.drops == {"future": 1}
    assert stage.states == []
    assert stage.engine.take_changes().progress == {"R1": 2}


def test_old_events_stay_old_after_a_step() -> None:
    clock = WallClock()
    clock.tell(10_000.0)
    clock.set_by(HOUR_S)

    assert clock.now_s == 13_600.0
    assert clock.correction_s(13_599.0) == 0
    assert clock.correction_s(9_999.0) == HOUR_S
    assert clock.correction_s(13_600.0 - LIVE_S - 1) == 0
    assert clock.correction_s(5_000.0) == 0


def test_several_steps_add_up() -> None:
    clock = WallClock()
    clock.tell(10_000.0)
    clock.set_by(HOUR_S)
    clock.set_by(timedelta(days=1).total_seconds())

    assert clock.correction_s(9_999.0) == HOUR_S + 86_400
    assert clock.correction_s(13_599.0) == 86_400
