"""``surveil rules test``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import click

from surveil.cli.junit import Case, to_junit
from surveil.cli.saying import say
from surveil.cli.tabular import check_writable, write_file
from surveil.config.problems import ConfigErrors, Problem
from surveil.config.rule_tests import RuleTestFile, read_rule_tests
from surveil.rules.trials import run_test

MOST_LINES = 40
"""Lines of what alerts did that are shown of a failed test; the newest ones."""


@click.command("test")
@click.argument("files", metavar="FILES", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit's XML.")
@click.option("--history", is_flag=True, help="Show what alerts did in tests that passed, too.")
def command(files: tuple[Path, ...], junit: Path | None, history: bool) -> None:
    """Play scenes to rules, and compare what alerts do with what is expected.

    Exit codes: 0 all is as expected, 1 something is not, 2 errors in the files.
    """
    if junit is not None:
        check_writable(junit)
    cases: list[Case] = []
    for file in _read(files):
        say(file.file)
        for case in _run(file):
            cases.append(case)
            say(f"  {'FAIL' if case.failures else 'ok  '} {case.name}")
            for line in case.failures:
                say(f"       {line}")
            if case.output and (case.failures or history):
                for line in ["what came:", *case.output.splitlines()[-MOST_LINES:]]:
                    say(f"         {line}")
    failed = sum(bool(case.failures) for case in cases)
    say(f"{len(cases)} tests: {len(cases) - failed} passed, {failed} failed")
    if junit is not None:
        write_file(junit, to_junit(cases))
    if failed:
        sys.exit(1)


def _read(files: tuple[Path, ...]) -> list[RuleTestFile]:
    """Read all files before anything is played.

    Raises:
        ConfigErrors: What is wrong with all of them, together.
    """
    read: list[RuleTestFile] = []
    problems: list[Problem] = []
    for path in dict.fromkeys(files):
        try:
            read.append(read_rule_tests(path))
        except ConfigErrors as error:
            problems += error.problems
    if problems:
        raise ConfigErrors(problems)
    return read


def _run(file: RuleTestFile) -> Iterator[Case]:
    for test, location in file.tests:
        began_s = time.monotonic()
        rules = [
            rule
            for name, rule in file.rules.items()
            if any(fnmatchcase(name, glob) for glob in test.rules)
        ]
        outcome = run_test(test, rules, file.interval_s)
        failures = []
        for failure in outcome.failures:
            at = file.place(location, failure.number)
            failures.append(str(Problem(at.file, at.line, at.column, failure.message)))
        took_s = time.monotonic() - began_s
        yield Case(file.file, test.name, took_s, failures, "\n".join(outcome.history))
