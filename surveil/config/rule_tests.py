"""Files of tests of rules: which rules, and what is expected of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from surveil.config.document import Document, Location, read_mapping
from surveil.config.problems import ConfigErrors, Problem, did_you_mean
from surveil.config.rulebook import read_rulebook
from surveil.config.rulefiles import RuleReader
from surveil.config.validation import problems_of
from surveil.durations import parse_duration
from surveil.rules.model import Rule
from surveil.rules.trials import RuleTest

MAX_TESTS = 1000
_KEYS = ("fleet", "rules", "interval_s", "tests")


@dataclass(frozen=True)
class RuleTestFile:
    """One file of tests.

    Attributes:
        file: The path as it is shown to people.
        rules: Those that it tries, by name.
        interval_s: Length of intervals.
        tests: Each, and where it stands.
    """

    file: str
    rules: Mapping[str, Rule]
    interval_s: float
    tests: tuple[tuple[RuleTest, Location], ...]
    document: Document

    def place(self, location: Location, number: int) -> Problem:
        """Return the place of an expectation, without a message."""
        return self.document.problem((*location, "expect", number), "")


def read_rule_tests(path: Path) -> RuleTestFile:
    """Read a file of tests, and the rules that it names.

    Raises:
        ConfigErrors: Everything that is wrong with them.
    """
    document = read_mapping(path, "tests")
    value = document.value
    problems = list(document.problems)
    for key in value:
        if key not in _KEYS:
            message = f"unknown key {key!r}{did_you_mean(key, _KEYS)}"
            problems.append(document.problem((key,), message, at_key=True))
    rules, interval_s, labels, more = _read_rules(document, path)
    problems += more
    if "interval_s" in value:
        try:
            interval_s = parse_duration(value["interval_s"])
            if not 0.2 <= interval_s <= 60:
                raise ValueError("must be 0.2 to 60 seconds")
        except ValueError as error:
            problems.append(document.problem(("interval_s",), f"interval_s: {error}"))
    tests = _read_tests(document, rules, labels, problems)
    if problems:
        raise ConfigErrors(sorted(problems))
    return RuleTestFile(str(path), rules, interval_s, tuple(tests), document)


def _read_rules(
    document: Document, path: Path
) -> tuple[dict[str, Rule], float, Mapping[str, Mapping[str, str]], list[Problem]]:
    """Return the rules, the length of intervals, labels of cameras, and what is wrong."""
    fleet, entries = document.value.get("fleet"), document.value.get("rules")
    if (fleet is None) is (entries is None):
        message = "needs 'fleet:', whose rules are tried, or 'rules:', files and rules themselves"
        return {}, 1.0, {}, [document.problem((), message)]
    if fleet is not None:
        if not isinstance(fleet, str):
            return {}, 1.0, {}, [document.problem(("fleet",), "must be the path of a fleet file")]
        book = read_rulebook(path.parent / fleet)
        return {rule.name: rule for rule in book.rules}, book.interval_s, book.cameras, []
    reader = RuleReader(path.parent)
    reader.read(document, entries)
    reader.check_names()
    return {rule.name: rule for rule in reader.rules}, 1.0, {}, reader.problems


def _read_tests(
    document: Document,
    rules: Mapping[str, Rule],
    labels: Mapping[str, Mapping[str, str]],
    problems: list[Problem],
) -> list[tuple[RuleTest, Location]]:
    entries = document.value.get("tests")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_TESTS:
        message = f"tests: must be a list of 1 to {MAX_TESTS} tests"
        problems.append(document.problem(("tests",), message))
        return []
    tests: list[tuple[RuleTest, Location]] = []
    for index, entry in enumerate(entries):
        location: Location = ("tests", index)
        try:
            test = RuleTest.model_validate(_with_labels(entry, labels))
        except ValidationError as error:
            more, _ = problems_of(
                error, document, RuleTest, prefix=location, reported=document.failed
            )
            problems += more
            continue
        for number, wanted in enumerate(test.expect):
            if rules and wanted.rule not in rules:
                message = f"there is no rule {wanted.rule!r}{did_you_mean(wanted.rule, rules)}"
                place = (*location, "expect", number, "rule")
                problems.append(document.problem(place, message))
        tests.append((test, location))
    return tests


def _with_labels(entry: Any, labels: Mapping[str, Mapping[str, str]]) -> Any:
    """Give cameras that the fleet knows its labels, unless the test says other ones."""
    if not isinstance(entry, dict) or not isinstance(entry.get("cameras"), dict):
        camera = entry.get("camera") if isinstance(entry, dict) else None
        if not isinstance(camera, str) or not labels.get(camera) or "scenes" not in entry:
            return entry
        own = ("scenes", "before")
        rest = {key: item for key, item in entry.items() if key not in ("camera", *own)}
        seen = {key: entry[key] for key in own if key in entry}
        return {**rest, "cameras": {camera: {**seen, "labels": dict(labels[camera])}}}
    cameras = {
        id_: {"scenes": one, "labels": dict(labels[id_])}
        if isinstance(one, str) and labels.get(id_)
        else one
        for id_, one in entry["cameras"].items()
    }
    return {**entry, "cameras": cameras}
