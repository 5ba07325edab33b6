"""``surveil rules check``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from surveil.cli.rule_options import with_rulebook
from surveil.cli.saying import say
from surveil.cli.tabular import write_text
from surveil.config.problems import Problem
from surveil.config.rulebook import Rulebook
from surveil.rules.lint import Finding, Level, Site, lint


@click.command("check")
@with_rulebook
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(rulebook: Rulebook, strict: bool, as_json: bool) -> None:
    """Find rules that can never fire, always do, or send storms.

    Also: windows longer than history is kept, more alerts than a rule may have, rules that mute
    each other. One line each, with file, line and column.

    Exit codes: 0 nothing wrong, 1 errors (with --strict: or warnings), 2 the files cannot be read.
    """
    found = [*_findings(rulebook)]
    count = Counter(finding.level for _, _, finding in found)
    if as_json:
        rows = [_row(place, rule, finding) for place, rule, finding in found]
        write_text(json.dumps({"rules": len(rulebook.rules), "findings": rows}, indent=2) + "\n")
    else:
        for problem in rulebook.warnings:
            say(Problem(problem.file, problem.line, problem.column, f"warning: {problem.message}"))
        for place, rule, finding in found:
            message = f"{finding.level}: {rule}: {finding.message} [{finding.code}]"
            say(Problem(place.file, place.line, place.column, message))
        say(
            f"{len(rulebook.rules)} rules: {count[Level.ERROR]} errors, "
            f"{count[Level.WARNING] + len(rulebook.warnings)} warnings"
        )
    warned = bool(count[Level.WARNING] or rulebook.warnings)
    if count[Level.ERROR] or (strict and warned):
        sys.exit(1)


def _findings(rulebook: Rulebook) -> Iterator[tuple[Problem, str, Finding]]:
    site = Site(rulebook.cameras, rulebook.interval_s, rulebook.retention_s)
    rules = rulebook.rules
    for rule, document, location in rulebook.placed:
        for finding in lint(rule, rules, site):
            part = (*location, finding.part) if finding.part else location
            yield document.problem(part, finding.message), rule.name, finding


def _row(place: Problem, rule: str, finding: Finding) -> dict[str, Any]:
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "rule": rule,
        "level": finding.level.value,
        "code": finding.code,
        "message": finding.message,
    }
