"""Files of tests of rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.config.problems import ConfigErrors
from surveil.config.rule_tests import read_rule_tests

JOY = "{name: joy, when: [{share: {emotion: happy, over: 5s}, above: 0.5}]}"


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read_rule_tests(path)
    return [str(problem) for problem in caught.value.problems]


def test_two_rules_of_one_name_are_told_apart_by_their_places(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(f"- {JOY}\n")
    file = tmp_path / "tests.yaml"
    file.write_text(
        f"rules:\n- more.yaml\n- {JOY}\ntests:\n"
        "- {name: t, scenes: nobody x 9s, expect: [{at: 1s, rule: joy, is: inactive}]}\n"
    )
    assert problems(file) == [f"{file}:3:10: a rule 'joy' is in {tmp_path}/more.yaml:1 already"]


def test_what_is_no_mapping_is_told_with_what_else_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text("- {a: 1, a: 2}\n")
    found = problems(file)
    assert len(found) == 2
    assert "must be a mapping with the key tests:" in " ".join(found)
