"""A rule that fails is put out of work alone, and that is an alert of its own."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.rules import plan as plans
from surveil.rules.engine import RuleEngine
from surveil.rules.measures.share import ShareCondition
from surveil.rules.reading import Reading, View

FACES = [{"faces": {"over": "1s"}, "at_least": 1}]


def break_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: ShareCondition, view: View) -> Reading:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(ShareCondition, "read", read)


def steps(stage: Any, name: str) -> list[tuple[str, str, str]]:
    return [
        (step.key.text, step.to_state.value, step.cause)
        for step in stage.transitions
        if step.rule == name
    ]


def test_the_others_go_on(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    joy = kit.rule(notify=["ops"], labels={"severity": "warning"})
    stage = kit.stage(joy, kit.rule(name="people", when=FACES)).play("hhhh")
    break_shares(monkeypatch)
    for second in range(4, 10):
        stage.see(kit.interval(second, *[(1, "happy")] * (second < 8)))

    assert steps(stage, "people")[0] == ("lobby", "firing", "")
    assert steps(stage, "people")[-1][1] == "resolved"
    assert steps(stage, "joy")[-1] == ("lobby", "resolved", "rule-failed")
    assert steps(stage, "rule-failed") == [("rule=joy", "firing", "rule-failed")]
    (failed,) = (step for step in stage.transitions if step.rule == "rule-failed")
    assert failed.annotations == {
        "summary": "rule joy is out of work: ZeroDivisionError: division by zero"
    }
    assert (failed.notify, failed.message) == (("ops",), "firing")
    assert stage.engine.drops["rule-failed"] == 1


def test_it_ends_with_a_restart(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    joy = kit.rule(notify=["ops"])
    stage = kit.stage(joy)
    with monkeypatch.context() as patch:
        break_shares(patch)
        stage.play("hh")
    stored = [one for one in stage.engine.take_changes().alerts if one.data is not None]

    ended = RuleEngine([joy], ["lobby"], start_at=kit.at(10)).restore(stored, {}, [])
    assert [(s.rule, s.key.text, s.to_state, s.notify) for s in ended] == [
        ("rule-failed", "rule=joy", "resolved", ("ops",))
    ]


def test_too_many_alerts_are_a_fault_of_that_rule(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MAX_KEYS", 3)
    stage = kit.stage(kit.rule(name="face", by="track", when=FACES), kit.rule())
    stage.see(kit.interval(0, *((n, "happy") for n in range(1, 4))))
    assert steps(stage, "rule-failed") == []
    stage.see(*(kit.interval(s, *((n, "happy") for n in range(1, 5))) for s in range(1, 5)))

    assert steps(stage, "rule-failed") == [("rule=face", "firing", "rule-failed")]
    assert {step[1] for step in steps(stage, "face")[-3:]} == {"resolved"}
    assert steps(stage, "joy")
