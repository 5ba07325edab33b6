"""``surveil rules explain`` and ``check``: places, words, exit codes, and no secret needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from surveil.cli.main import cli
from surveil.cli.rules import COMMANDS, SUMMARIES, command
from surveil.config import ConfigErrors
from surveil.errors import ConfigError

FLEET = """\
version: 1
cameras:
  a: {source: 'rtsp://h/x', password: '${env:NOT_SET_HERE}', labels: {floor: '1'}}
  b: {source: 'rtsp://h/y', enabled: false}
rules: [rules.yaml]
"""
RULES = """\
rules:
  - name: calm
    when: [{share: {emotion: happy, over: 30s}, above: 0.5}]
  - name: torn
    when:
      - {share: {emotion: happy, over: 30s}, above: 0.5}
      - {share: {emotion: sad, over: 30s}, above: 0.5}
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    (tmp_path / "fleet.yaml").write_text(FLEET, encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    return tmp_path / "fleet.yaml"


def surveil(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["rules", *map(str, arguments)])


def test_explain_says_one_rule_or_all(fleet: Path) -> None:
    one, both = surveil("explain", "calm", "--fleet", fleet), surveil("explain", "--config", fleet)

    assert one.output.startswith("calm watches every camera: one alert for each.\n")
    assert "torn" not in one.output
    assert "\n\ntorn watches every camera" in both.output
    unknown = surveil("explain", "clam", "--fleet", fleet)
    assert isinstance(unknown.exception, ConfigError)
    assert "did you mean 'calm'?" in str(unknown.exception)


def test_check_names_file_line_and_column(fleet: Path) -> None:
    result = surveil("check", "--fleet", fleet)

    line = f"{fleet.parent}/rules.yaml:6:7: error: torn: can never be true: "
    assert result.exit_code == 1
    assert line in result.output
    assert "2 rules: 1 errors, 0 warnings" in result.output
    found = json.loads(surveil("check", "--fleet", fleet, "--json").output)["findings"]
    assert [(one["rule"], one["code"], one["line"]) for one in found] == [("torn", "never-true", 6)]


def test_warnings_are_errors_only_if_strict(fleet: Path) -> None:
    (fleet.parent / "rules.yaml").write_text(
        "rules: [{name: brief, for: 200ms, when: [{faces: {over: 30s}, above: 1}]}]\n"
    )

    assert surveil("check", "--fleet", fleet).exit_code == 0
    assert surveil("check", "--fleet", fleet, "--strict").exit_code == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rules: [{name: x, wen: []}]\n", "unknown key 'wen'; did you mean 'when'?"),
        ("rules: [\n", "not YAML"),
        ("", "is empty"),
        ("rules: [{name: x, cameras: [c], when: [{health: model}]}]", "unknown camera 'c'"),
        ("rules: [{name: x, cameras: [b], when: [{health: model}]}]", "that are disabled: b"),
    ],
)
def test_files_that_are_wrong(fleet: Path, text: str, problem: str) -> None:
    (fleet.parent / "rules.yaml").write_text(text, encoding="utf-8")
    result = surveil("check", "--fleet", fleet)

    assert isinstance(result.exception, ConfigErrors)
    assert result.exception.exit_code == 2
    assert problem in str(result.exception)
    assert "rules.yaml:" in str(result.exception)


def test_the_list_says_what_each_says() -> None:
    runner = CliRunner()
    for name in COMMANDS:
        text = runner.invoke(command, [name, "--help"]).output
        assert SUMMARIES[name] in " ".join(text.split())
