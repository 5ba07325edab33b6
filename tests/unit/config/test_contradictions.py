"""Rules that are right alone and can mean nothing in their fleet are refused at their line."""

from __future__ import annotations

from typing import Any

import pytest

FLEET = """\
interval_s: {interval}
taxonomy: {taxonomy}
cameras: {{a: {{source: "usb:0"}}, off: {{source: "usb:1", enabled: false}}}}
rules:
  - name: r
    cameras: {cameras}
    when: {when}
"""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"interval": 5, "when": "[{health: camera, silent_for: 5s}]"},
            "7:41: must be longer than interval_s, 5 s: else every interval is late",
        ),
        (
            {"interval": 10, "when": "{share: {emotion: happy, over: 5s}, above: 0.5}"},
            "7:42: must be at least interval_s, 10 s: else no interval fits in",
        ),
        (
            {"interval": 10, "when": "{any: [{all: [{faces: {over: 5s}, above: 1}]}]}"},
            "7:40: must be at least interval_s, 10 s: else no interval fits in",
        ),
        (
            {"taxonomy": "two", "when": "{share: {emotion: angry, over: 5s}, above: 0.5}"},
            "7:29: taxonomy 'two' never tells 'angry'; it has happy, sad",
        ),
        (
            {"taxonomy": "six", "when": "[{mean: {emotion: disgust, over: 5s}, above: 0.5}]"},
            "7:29: taxonomy 'six' never tells 'disgust';"
            " it has angry, fear, happy, sad, surprise, neutral",
        ),
        (
            {"cameras": "[off]"},
            "6:14: the rule is only about cameras that are disabled: off",
        ),
    ],
)
def test_contradictions(fail: Any, changes: dict[str, Any], problem: str) -> None:
    values = {"interval": 1, "taxonomy": "seven", "cameras": "['*']"}
    values["when"] = "{health: camera, silent_for: 9s}"
    assert fail(FLEET.format(**values | changes)) == [f"fleet.yaml:{problem}"]


def test_what_fits_together_is_accepted(read: Any) -> None:
    when = "[{health: camera, silent_for: 6s}, {share: {emotion: sad, over: 5s}, above: 0.5}]"
    text = FLEET.format(interval=5, taxonomy="two", cameras="['*f', a]", when=when)
    assert [rule.name for rule in read(text).fleet.rules] == ["r"]


def test_numbers_from_the_environment_are_numbers(read: Any) -> None:
    text = "cameras: {a: {source: 'usb:0', sample_fps: '${env:FPS}'}}\n"
    assert read(text, FPS="2.5").fleet.cameras["a"].sample_fps == 2.5
