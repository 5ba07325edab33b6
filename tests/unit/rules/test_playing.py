"""Events and ticks on a clock of their own."""

from __future__ import annotations

from typing import Any

from surveil.rules.playing import play


def test_events_come_at_their_instant_and_ticks_go_on(kit: Any) -> None:
    rule = kit.rule(when=[{"health": "camera", "silent_for": "5s"}])
    stage = kit.stage(rule)
    events = [kit.interval(second) for second in range(4)]
    steps = list(play(stage.engine, events, start_at=kit.at(0), until_at=kit.at(20)))

    assert [(step.at, step.to_state) for step in steps] == [(kit.at(9), "firing")]


def test_what_comes_after_the_end_is_not_looked_at(kit: Any) -> None:
    stage = kit.stage()
    events = [kit.interval(second, (1, "happy")) for second in range(10)]

    assert list(play(stage.engine, events, start_at=kit.at(0), until_at=kit.at(1.5))) == []
