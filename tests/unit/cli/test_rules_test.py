"""``surveil rules test``: what people and CI systems are shown."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from surveil.cli.main import cli
from surveil.config import ConfigErrors

EXAMPLES = Path(__file__).parents[3] / "configs" / "rules-tests"
GOOD = """\
rules:
  - {name: joy, when: [{share: {emotion: happy, over: 3s}, above: 0.5}]}
tests:
  - name: joy fires
    scenes: "1 happy x 10s"
    expect: [{at: 5s, rule: joy, is: firing}]
"""


def surveil(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["rules", "test", *map(str, arguments)])


def test_the_examples_pass() -> None:
    files = sorted(EXAMPLES.glob("*.yaml"))
    result = surveil(*files)

    assert files
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert result.output.endswith(" passed, 0 failed\n")


def test_a_failure_has_its_line_the_history_and_junit(tmp_path: Path) -> None:
    path, junit = tmp_path / "joy.yaml", tmp_path / "out.xml"
    path.write_text(GOOD.replace("is: firing", "is: resolved"), encoding="utf-8")
    result = surveil(path, "--junit", junit)

    assert result.exit_code == 1
    assert "  FAIL joy fires\n" in result.output
    assert f"{path}:6:14: joy of camera at 5s is firing since 2s, not resolved" in result.output
    assert "2s joy camera: inactive -> firing, value 1" in result.output
    assert "1 tests: 0 passed, 1 failed" in result.output
    suites = ElementTree.parse(junit).getroot()
    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("1", "1")
    failure = suites.find("./testsuite/testcase/failure")
    assert failure is not None
    assert "not resolved" in failure.attrib["message"]


def test_a_fleet_gives_rules_and_labels_without_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(
        "cameras: {a: {source: 'rtsp://h/x', password: '${env:NOT_SET}', labels: {floor: '1'}}}\n"
        "rules: [{name: joy, by: label, label: floor,"
        " when: [{share: {emotion: happy, over: 3s}, above: 0.5}]}]\n"
    )
    path = tmp_path / "t.yaml"
    path.write_text(
        "fleet: fleet.yaml\n"
        "tests:\n"
        "  - name: one\n    camera: a\n    scenes: 1 happy x 10s\n"
        "    expect: [{at: 5s, rule: joy, of: floor=1, is: firing}]\n"
        "  - name: two\n    cameras: {a: 1 happy x 10s, b: nobody x 5s}\n"
        "    expect: [{at: 5s, rule: joy, of: floor=1, is: firing}]\n"
    )
    result = surveil(path)

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("rule: joy, is", "rule: jo, is", " there is no rule 'jo'; did you mean 'joy'?"),
        ("is: firing", "is: burning", ":6:"),
        (
            "1 happy",
            "1 hapy",
            ":5:13: tests[0].scenes: scene 1 ('1 hapy x 10s'): unknown emotion 'hapy'",
        ),
        ("scenes:", "scenery:", ":5:5: tests[0]: unknown key 'scenery'; did you mean 'scenes'?"),
        ("tests:", "test:", "unknown key 'test'; did you mean 'tests'?"),
        ("rules:", "fleet: 5\nrules:", "needs 'fleet:', whose rules"),
        ("above: 0.5", "above: 5", "must lie between 0 and 1"),
    ],
)
def test_wrong_files_are_told_by_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = tmp_path / "joy.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    result = surveil(path)

    assert isinstance(result.exception, ConfigErrors), result.output
    assert problem in str(result.exception)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = surveil(tmp_path / "none.yaml")

    assert isinstance(result.exception, ConfigErrors)
    assert "cannot be read" in str(result.exception)
