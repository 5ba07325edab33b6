"""Rules that choose cameras by label, and alerts for all cameras of a label."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from surveil.rules.stored import from_stored, to_stored

LABELS = {"a1": {"floor": "1"}, "a2": {"floor": "1"}, "b": {"floor": "2"}, "c": {}}
HAPPY = {"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}


def stage_of(kit: Any, *rules: Any) -> Any:
    return kit.stage(*rules, cameras=tuple(LABELS), labels=LABELS)


def test_where_chooses_cameras_by_label(kit: Any) -> None:
    rule = kit.rule(where={"floor": "1*"})

    assert [name for name, own in LABELS.items() if rule.matches(name, own)] == ["a1", "a2"]
    assert not rule.matches("a1")


def test_alert_of_a_label_spans_its_cameras(kit: Any) -> None:
    rule = kit.rule(by="label", label="floor", when={"faces": {"over": "1s"}, "at_least": 2})
    stage = stage_of(kit, rule)
    for second in range(2):
        for name in LABELS:
            stage.see(kit.interval(second, (1, "sad"), camera=name, run=f"R-{name}"))

    assert [(step.key.text, step.to_state.value) for step in stage.transitions] == [
        ("floor=1", "firing")
    ]
    assert stage.transitions[0].key.camera == ""


def test_label_waits_for_its_slowest_camera(kit: Any) -> None:
    stage = stage_of(kit, kit.rule(by="label", label="floor", when=HAPPY))
    stage.see(kit.interval(0, (1, "happy"), camera="a2", run="R2"))
    stage.see(*(kit.interval(second, (1, "happy"), camera="a1") for second in range(3)))

    assert stage.log == [(1, "firing")]


def test_alert_of_a_label_is_taken_up_again(kit: Any) -> None:
    rule = kit.rule(by="label", label="floor", when=HAPPY)
    stage = stage_of(kit, rule)
    stage.see(kit.interval(0, (1, "happy"), camera="b"))
    (firing,) = [one for one in stage.engine.alerts() if one.state.value == "firing"]
    again = from_stored(to_stored(firing), rule)

    assert again is not None
    assert again.key == firing.key
    later = stage_of(kit, rule)
    assert later.engine.restore([to_stored(firing)], {}, []) == []
    gone = kit.stage(rule, cameras=("a1",), labels=LABELS)
    (ended,) = gone.engine.restore([to_stored(firing)], {}, [])
    assert ended.cause == "rule-removed"


@pytest.mark.parametrize(
    "fields", [{"by": "label"}, {"by": "camera", "label": "floor"}, {"where": {"no name": "x"}}]
)
def test_label_and_by_label_go_together(kit: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kit.rule(**fields)
