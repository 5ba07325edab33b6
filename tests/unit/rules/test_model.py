from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from surveil.domain import EMOTIONS
from surveil.rules.keys import By
from surveil.rules.model import NoData, Rule
from surveil.rules.tree import AllOf

DESIGN = """
- name: crowd-anger
  cameras: ["lobby-*"]
  by: camera
  when:
    all:
      - share: {emotion: angry, over: 30s, min_confidence: 0.5}
        above: 0.4
        clear_below: 0.3
      - faces: {over: 30s}
        at_least: 3
  for: 10s
  keep_firing_for: 30s
  no_data: hold
  labels: {severity: warning}
  annotations: {summary: "{{camera}}: {{value|percent}} angry"}
  notify: [ops]
- name: camera-blind
  by: camera
  when: [{health: camera, silent_for: 15s}]
"""


class File(BaseModel):
    rules: list[Rule]


def parse(text: str) -> list[Rule]:
    return File.model_validate({"rules": yaml.safe_load(text)}).rules


def problems(text: str) -> list[tuple[tuple[Any, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        parse(text)
    return [(error["loc"][2:], error["msg"]) for error in caught.value.errors()]


def test_reads_the_documented_rules() -> None:
    crowd, blind = parse(DESIGN)

    assert (crowd.by, crowd.for_, crowd.keep_firing_for) == (By.CAMERA, 10.0, 30.0)
    assert crowd.no_data is NoData.HOLD
    assert isinstance(crowd.when, AllOf)
    assert [condition.keyword for condition in crowd.conditions] == ["share", "faces"]
    assert crowd.matches("lobby-2")
    assert not crowd.matches("street")
    assert blind.matches("anything")
    assert blind.conditions[0].threshold == 15.0


def test_takes_bounds_at_the_edge_that_mean_something() -> None:
    (rule,) = parse("""
    - name: empty
      when:
        - {faces: {over: 3s}, at_most: 0}
        - {faces: {over: 3s}, below: 1, clear_above: 7}
        - {share: {emotion: sad, over: 3s}, at_least: 1}
      annotations: {text: "two\nlines"}
    """)
    assert [each.threshold for each in rule.conditions] == [0, 1, 1]


def test_survives_the_wire() -> None:
    rules = File(rules=parse(DESIGN))

    assert File.model_validate_json(rules.model_dump_json()) == rules


def test_has_a_json_schema_for_editors() -> None:
    schema = Rule.model_json_schema()

    assert schema["properties"]["for"]
    assert schema["$defs"]["Emotion"]["enum"] == [emotion.value for emotion in EMOTIONS]


@pytest.mark.parametrize(
    ("rule", "loc", "message"),
    [
        (
            "when: [{share: {emotion: hapy, over: 3s}, above: 0.5}]",
            ("when", 0, "share", "emotion"),
            "'angry', 'disgust', 'fear', 'happy', 'sad', 'surprise' or 'neutral'",
        ),
        ("when: [{pace: {over: 3s}, above: 1}]", ("when", 0), "unknown measure 'pace'; one of: sh"),
        ("when: [{}]", ("when", 0), "unknown measure ''"),
        ("when: []", ("when",), "at least one condition"),
        ("when: {any: []}", ("when", "any"), "at least one condition"),
        ("when: 3", ("when",), "must be a mapping"),
        ("when: [{faces: {over: 3s}, health: camera}]", ("when", 0), "has faces and health"),
        (
            "when: {all: [{any: [{faces: {over: 3s}, at_lest: 1}]}]}",
            ("when", "all", 0, "any", 0, "at_lest"),
            "not permitted",
        ),
        ("when: [{faces: {over: 3s}}]", ("when", 0), "exactly one of: above, below"),
        ("when: [{faces: {over: 3s}, above: 1, below: 2}]", ("when", 0), "exactly one of"),
        (
            "when: [{share: {emotion: sad, over: 3s}, above: 0.4, clear_below: 0.5}]",
            ("when", 0),
            "'clear_below' must not be greater than 'above'",
        ),
        (
            "when: [{share: {emotion: sad, over: 3s}, above: 0.4, clear_above: 0.5}]",
            ("when", 0),
            "use clear_below with above",
        ),
        (
            "when: [{share: {emotion: sad, over: 3s}, above: 40}]",
            ("when", 0),
            "between 0 and 1",
        ),
        ("when: [{share: {emotion: sad, over: 3s}, above: 1}]", ("when", 0), "can never be true"),
        ("when: [{mean: {emotion: sad, over: 3s}, below: 0}]", ("when", 0), "can never be true"),
        ("when: [{faces: {over: 3s}, below: 0}]", ("when", 0), "can never be true"),
        ("when: [{faces: {over: 3s}, at_least: 0}]", ("when", 0), "is always true"),
        ("when: [{mean: {emotion: sad, over: 3s}, at_most: 1}]", ("when", 0), "is always true"),
        (
            "when: [{faces: {over: 3s}, above: 2, clear_below: 0}]",
            ("when", 0),
            "'clear_below: 0' never ends what was true",
        ),
        (
            "when: [{share: {emotion: sad, over: 3s}, below: 0.5, clear_above: 1}]",
            ("when", 0),
            "'clear_above: 1' never ends what was true",
        ),
        (
            "when: [{share: {emotion: sad, over: 3s}, above: '0.4'}]",
            ("when", 0, "above"),
            "valid number",
        ),
        ("when: [{faces: {over: 3s}, above: true}]", ("when", 0, "above"), "valid number"),
        (
            'labels: {site: "a\\0b"}\n  when: [{faces: {over: 3s}, above: 1}]',
            ("labels", "site"),
            "control characters",
        ),
        (
            'annotations: {text: "a\\eb"}\n  when: [{faces: {over: 3s}, above: 1}]',
            ("annotations", "text"),
            "control characters",
        ),
        ("when: [{faces: {over: 2h}, above: 1}]", ("when", 0, "faces", "over"), "3600"),
        ("when: [{health: face, silent_for: 15s}]", ("when", 0, "health"), "'camera'"),
        ("by: site\n  when: [{health: camera, silent_for: 15s}]", (), "by: camera"),
        (
            "by: person\n  when: [{faces: {over: 3s}, above: 1}]",
            ("by",),
            "'camera', 'track', 'site' or",
        ),
        ("for: soon\n  when: [{faces: {over: 3s}, above: 1}]", ("for",), "duration"),
        (
            "annotations: {a: '{{vaule}}'}\n  when: [{faces: {over: 3s}, above: 1}]",
            ("annotations", "a"),
            "unknown name 'vaule' in a template; one of: rule",
        ),
        ("wehn: 3\n  when: [{faces: {over: 3s}, above: 1}]", ("wehn",), "not permitted"),
    ],
)
def test_refuses_with_the_place_and_the_choices(
    rule: str, loc: tuple[Any, ...], message: str
) -> None:
    ((where, what),) = problems(f"- name: bad\n  {rule}")

    assert where == loc
    assert message in what


def test_reports_all_errors_at_once() -> None:
    text = """
    - name: bad name
      when:
        - {share: {emotion: hapy, over: 0s}, above: 0.5}
        - {mean: {emotion: sad}, above: 0.5}
      no_data: ignore
    """
    assert len(problems(text)) == 5


def test_bounds_depth_and_size() -> None:
    leaf = "{faces: {over: 3s}, above: 1}"
    deep = "{all: [" * 5 + leaf + "]}" * 5
    wide = ", ".join([leaf] * 33)

    assert "nest at most 4 deep" in problems(f"- name: deep\n  when: {deep}")[0][1]
    assert "at most 32 conditions" in problems(f"- name: wide\n  when: [{wide}]")[0][1]
    parse(f"- name: nested\n  when: {'{any: [' * 4 + leaf + ']}' * 4}")


def test_each_condition_tells_what_the_engine_must_know_of_it() -> None:
    crowd, blind = parse(DESIGN)
    share, faces = crowd.conditions
    (health,) = blind.conditions

    assert [each.follows_clock for each in (share, faces, health)] == [False, False, True]
    assert [each.warm_up_s for each in (share, faces, health)] == [30.0, 30.0, 15.0]
    assert share.subjects == tuple(By)
    assert health.subjects == (By.CAMERA,)
