"""Events and ticks on a clock of their own."""

from __future__ import annotations

from typing import Any

from surveil.rules.playing import Player


def test_events_come_at_their_instant_and_ticks_go_on(kit: Any) -> None:
    rule = kit.rule(when=[{"health": "camera", "silent_for": "5s"}])
    stage = kit.stage(rule)
    events = [kit.interval(second) for second in range(4)]
    steps = list(Player(stage.engine, kit.at(0)).play(events, kit.at(20)))

    assert [(step.at, step.to_state) for step in steps] == [(kit.at(9), "firing")]


def test_what_comes_after_the_end_is_not_looked_at(kit: Any) -> None:
    stage = kit.stage()
    events = [kit.interval(second, (1, "happy")) for second in range(10)]

    assert list(Player(stage.engine, kit.at(0)).play(events, kit.at(1.5))) == []


def test_it_goes_on_where_it_ended(kit: Any) -> None:
    whole, parts = kit.stage(), kit.stage()
    events = [kit.interval(s, (1, "happy" if s % 7 > 3 else "sad")) for s in range(40)]
    once = list(Player(whole.engine, kit.at(0)).play(events, kit.at(60)))
    player = Player(parts.engine, kit.at(0))
    twice = [*player.play(events[:20], kit.at(20.5)), *player.play(events[20:], kit.at(60))]

    assert once
    assert once == twice
