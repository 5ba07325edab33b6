"""Scenario tables: one character is one second, see ``Stage.play``."""

from __future__ import annotations

from typing import Any

import pytest

FOR = {"for": "3s"}
KEEP = {"keep_firing_for": "4s"}
HYSTERESIS = {
    "when": [
        {"share": {"emotion": "happy", "over": "4s"}, "above": 0.7, "clear_below": 0.3},
    ]
}


@pytest.mark.parametrize(
    ("fields", "script", "expected"),
    [
        pytest.param({}, "nnn...", [], id="never-true"),
        # Two of three votes; nobody is no vote, so it needs the window to empty.
        pytest.param({}, "nnnhhhnnn", [(5, "firing"), (8, "resolved")], id="above-half"),
        pytest.param({}, "hhhhh......", [(2, "firing"), (8, "resolved")], id="nobody-is-false"),
        pytest.param(
            FOR, "nnnhhhhhhnnnn", [(5, "pending"), (7, "firing"), (11, "resolved")], id="for"
        ),
        pytest.param(FOR, "nnnhhnnnn", [(5, "pending"), (7, "inactive")], id="shorter-than-for"),
        pytest.param(
            KEEP,
            "nnnhhhnnnnnnnnn",
            [(5, "firing"), (8, "recovering"), (11, "resolved")],
            id="keep-firing-for",
        ),
        pytest.param(
            KEEP,
            "nnnhhhnnnhhhnnnnnnnn",
            [
                *((5, "firing"), (8, "recovering"), (11, "firing")),
                *((14, "recovering"), (17, "resolved")),
            ],
            id="flares-up-again",
        ),
        pytest.param(
            HYSTERESIS,
            "hhhhnnhhnnhhnnnn",
            [(2, "firing"), (15, "resolved")],
            id="hysteresis-holds-between-the-bounds",
        ),
        pytest.param({}, "hhhhxxxxxxxxxxxx", [(2, "firing")], id="hold-when-not-analysed"),
        pytest.param({}, "hhhh            ", [(2, "firing")], id="hold-when-no-interval"),
        pytest.param(
            {"no_data": "resolve"},
            "hhhhhhhhhhxxxxxxxxx",
            [(2, "firing"), (12, "resolved")],
            id="resolve",
        ),
        # Without intervals, event time follows the clock 5 s behind.
        pytest.param(
            {"no_data": "resolve"},
            "hhhhhhhhhh            ",
            [(2, "firing"), (12.25, "resolved")],
            id="resolve-by-ticks",
        ),
        pytest.param(
            {"no_data": "fire"},
            "nnnnnnnnnnxxxxnnn",
            [(12, "firing"), (16, "resolved")],
            id="fire",
        ),
        pytest.param({"no_data": "fire"}, "xxxxx", [], id="fire-only-once-warm"),
        pytest.param(
            FOR,
            "nnnnnhhxxxxxxhhhhhh",
            [(7, "pending"), (15, "firing")],
            id="unknown-time-does-not-count",
        ),
    ],
)
def test_scenario(
    kit: Any, fields: dict[str, Any], script: str, expected: list[tuple[float, str]]
) -> None:
    assert kit.stage(kit.rule(**fields)).play(script).log == expected


def test_fires_and_resolves_within_three_seconds_of_the_truth(kit: Any) -> None:
    rule = kit.rule(**FOR)
    log = kit.stage(rule).play("n" * 20 + "h" * 20 + "n" * 20).log

    fired, resolved = (second for second, state in log if state in ("firing", "resolved"))
    assert fired - (20 + 3) <= 2  # for 3 s after second 20, plus an arrival of at most 1 s
    assert resolved - 40 <= 2


def test_alert_refires_as_a_new_one_after_it_resolved(kit: Any) -> None:
    stage = kit.stage().play("nnnhhhnnnhhhnnn")

    assert stage.log == [(5, "firing"), (8, "resolved"), (11, "firing"), (14, "resolved")]
    assert [str(t.message) for t in stage.transitions] == ["firing", "resolved"] * 2


def test_an_alert_that_flares_up_tells_nobody_again(kit: Any) -> None:
    stage = kit.stage(kit.rule(**KEEP)).play("nnnhhhnnnhhhnnnnnnnn")

    assert [t.message for t in stage.transitions if t.message] == ["firing", "resolved"]


def test_value_goes_into_annotations_only(kit: Any) -> None:
    rule = kit.rule(
        labels={"severity": "warning"},
        annotations={"summary": "{{camera}}: {{value|percent}} happy, over {{threshold|percent}}"},
    )
    (fired,) = kit.stage(rule).play("hhh").transitions

    assert fired.annotations == {"summary": "lobby: 100% happy, over 50%"}
    assert fired.labels == {"severity": "warning"}
    assert fired.key.text == "lobby"


def test_not_turns_a_condition_round_and_leaves_unknown_alone(kit: Any) -> None:
    happy = {"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}
    rule = kit.rule(when=[{"not": happy}])

    assert kit.stage(rule).play("hhnnhh").log == [(3, "firing"), (5, "resolved")]
    assert kit.stage(rule).play("hhxxhh").log == []


def test_not_takes_a_group(kit: Any) -> None:
    happy, angry = (
        {"share": {"emotion": emotion, "over": "1s"}, "above": 0.5}
        for emotion in ("happy", "angry")
    )
    rule = kit.rule(when={"not": {"any": [happy, angry]}})

    assert kit.stage(rule).play("hnah").log == [(2, "firing"), (3, "resolved")]


def test_between_has_an_inside_and_hysteresis_on_both_sides(kit: Any) -> None:
    when = {"faces": {"over": "1s"}, "between": [1, 1.5]}
    two = {**when, "clear_below": 0, "clear_above": 2}
    stage, wider = kit.stage(kit.rule(when=[when])), kit.stage(kit.rule(when=[two]))
    for each in (stage, wider):
        for second, faces in enumerate([0, 1, 2, 0, 3]):
            each.see(kit.interval(second, *((face + 1, "sad") for face in range(faces))))

    assert stage.log == [(2, "firing"), (3, "resolved")]
    assert wider.log == [(2, "firing"), (5, "resolved")]


def test_cameras_are_left_out_by_except(kit: Any) -> None:
    rule = kit.rule(cameras=["lobby-*"], **{"except": ["lobby-b*"]})

    assert [rule.matches(name) for name in ("lobby-a", "lobby-b1", "hall")] == [True, False, False]
