"""Tests of rules: what they say when it does not come as expected."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.rules.trials import RuleTest, run_test

SCENES = "1 neutral x 10s; 1 happy x 10s; 1 neutral x 10s"


def run(kit: Any, *expect: dict[str, Any], rules: Any = None, **fields: Any) -> list[str]:
    fields = {"name": "t", "scenes": SCENES, "expect": list(expect), **fields}
    if "cameras" in fields:
        del fields["scenes"]
    outcome = run_test(RuleTest.model_validate(fields), rules or [kit.rule()], 1.0)
    return [failure.message for failure in outcome.failures]


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ({"at": 5, "is": "inactive"}, None),
        ({"at": 12, "is": "firing"}, None),
        ({"at": 12, "is": "firing", "value": 0.667, "of": "camera"}, None),
        ({"at": 30, "is": "resolved"}, None),
        (
            {"at": 11, "is": "firing"},
            "joy of camera at 11s is inactive, not firing; it is firing from 12s on",
        ),
        ({"at": 30, "is": "firing"}, "joy of camera at 30s is resolved since 22s, not firing"),
        ({"at": 12, "is": "firing", "value": 1}, "value is 0.666666667, not 1.0"),
        ({"at": 12, "is": "firing", "withheld": "muted by x"}, "withheld is '', not 'muted by x'"),
        ({"at": 12, "is": "firing", "annotations": {"s": "a"}}, "s is 'seen at camera', not 'a'"),
        ({"at": 12, "is": "firing", "of": "hall"}, "joy has no alert 'hall'; it has: camera"),
    ],
)
def test_one_expectation(kit: Any, expectation: dict[str, Any], message: str | None) -> None:
    rule = kit.rule(annotations={"s": "seen at {{camera}}"})
    failures = run(kit, {"rule": "joy", **expectation}, rules=[rule])

    assert len(failures) == (message is not None)
    assert message is None or message in failures[0]


def test_several_cameras_labels_and_tracks(kit: Any) -> None:
    by_floor = kit.rule(name="floor", by="label", label="floor")
    by_track = kit.rule(name="face", by="track")
    cameras = {"a": {"scenes": SCENES, "labels": {"floor": "1"}}, "b": "nobody x 30s"}

    assert (
        run(
            kit,
            {"at": 15, "rule": "floor", "of": "floor=1", "is": "firing"},
            {"at": 15, "rule": "face", "of": "a-1:1", "is": "firing"},
            {"at": 15, "rule": "joy", "of": "a", "is": "firing"},
            {"at": 15, "rule": "joy", "of": "b", "is": "inactive"},
            rules=[kit.rule(), by_floor, by_track],
            cameras=cameras,
        )
        == []
    )


def test_a_schedule_is_tried_on_the_day_on_which_clocks_are_put_forward(kit: Any) -> None:
    rule = kit.rule(schedule={"zone": "Europe/Madrid", "times": ["sun 02:00-03:00"]})
    spring, autumn = "2026-03-29T00:59:45Z", "2026-10-25T00:59:45Z"
    firing = {"at": 20, "rule": "joy", "is": "firing"}
    resting = {"at": 20, "rule": "joy", "is": "inactive"}

    assert run(kit, resting, rules=[rule], start=spring) == []
    assert run(kit, firing, rules=[rule], start=autumn) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scenes": None}, "give 'scenes' of one camera"),
        ({"start": "2026-03-29T00:30:00"}, "needs an offset"),
        ({"expect": [{"at": "2m", "rule": "joy", "is": "firing"}]}, "after the end of all scenes"),
        ({"scenes": "2 angry"}, "scene 1"),
    ],
)
def test_what_is_no_test(fields: dict[str, Any], message: str) -> None:
    whole = {"name": "t", "scenes": SCENES, "expect": [{"at": 1, "rule": "joy", "is": "firing"}]}
    with pytest.raises(ValueError, match=message):
        RuleTest.model_validate({**whole, **fields})
