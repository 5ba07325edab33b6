"""Rules in words, how each stands, how often it was right, and what it would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from surveil.backtesting.summary import RuleSum, precision_words
from surveil.rules import Rule
from surveil.rules.words import in_words
from surveil.store.reading import (
    AlertRow,
    RuleQuality,
    load_active,
    load_evaluation,
    measure_quality,
)
from surveil.web.pages.rendering import render
from surveil.web.replays import Replays, find_rule, may_be_tested
from surveil.web.seen_rules import seen_rules
from surveil.web.viewer import Viewer
from surveil.web.wiring import Looks, Reads, Shared

router = APIRouter(include_in_schema=False, prefix="/rules")

DAYS = 30
MOST_ACTIVE = 1000
LENGTHS = {"6": "six hours", "24": "day", "72": "three days", "168": "seven days"}
"""Hours of the past that a rule can be tested on."""
MOST_KEYS = 200
FEW = 20
"""Judged alerts below which a precision is told to be of few."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One rule as the page shows it.

    Attributes:
        rule: As configured.
        words: The same in words.
        active: Its alerts that are not at rest, of the cameras that the viewer may see.
        quality: Of the last :data:`DAYS` days; None where it did not fire.
    """

    rule: Rule
    words: Sequence[str]
    active: Sequence[AlertRow]
    quality: RuleQuality | None


@router.get("")
def show(request: Request, reads: Reads) -> Response:
    """All of them, as the configuration has them."""
    now = reads.site.now()
    since_at = now - timedelta(days=DAYS)
    active = load_active(reads.connection, reads.scope, rule=None, limit=MOST_ACTIVE)
    measured = {
        one.rule: one
        for one in measure_quality(reads.connection, reads.scope, edges=[since_at, now], rule=None)
    }
    shown = [
        Shown(
            rule,
            in_words(rule),
            [one for one in active if one.rule == rule.name],
            measured.get(rule.name),
        )
        for rule, _ in seen_rules(reads.site.fleet, reads.scope)
    ]
    evaluation = load_evaluation(reads.connection, reads.scope)
    return render(
        request, "rules.html", reads.viewer, shown=shown, evaluation=evaluation, days=DAYS, few=FEW
    )


def _replays_of(request: Request) -> Replays:
    replays: Replays = request.app.state.replays
    return replays


Tested = Annotated[Replays, Depends(_replays_of)]
_Name = Annotated[str, Path(max_length=64)]


@router.get("/{rule}/history")
def show_history(
    request: Request, site: Shared, viewer: Looks, replays: Tested, rule: _Name
) -> Response:
    """What a rule would have done with the history, once somebody asks for it."""
    found = find_rule(site, viewer, rule)
    return render(
        request, "rule_history.html", viewer, rule=found, words=in_words(found),
        is_testable=may_be_tested(found, viewer), lengths=LENGTHS,
        **_standing(replays, viewer, found.name),
    )  # fmt: skip


@router.get("/{rule}/history/part")
def show_history_part(
    request: Request, site: Shared, viewer: Looks, replays: Tested, rule: _Name
) -> Response:
    """How its test stands, or what that found."""
    found = find_rule(site, viewer, rule)
    standing = _standing(replays, viewer, found.name)
    return render(request, "rule_history_part.html", viewer, rule=found, **standing)


@router.post("/{rule}/history")
def test_on_history(
    site: Shared,
    viewer: Looks,
    replays: Tested,
    rule: _Name,
    hours: Annotated[Literal["6", "24", "72", "168"], Form()],
) -> Response:
    """Begin a test of a rule on the time up to now."""
    replays.begin(site, viewer, rule, timedelta(hours=int(hours)))
    return _back(rule)


@router.post("/{rule}/history/stop")
def stop_test(site: Shared, viewer: Looks, replays: Tested, rule: _Name) -> Response:
    """End it before it is done."""
    replays.stop(site, viewer)
    return _back(rule)


def _standing(replays: Replays, viewer: Viewer, rule: str) -> dict[str, object]:
    """Return what the part of a page about a test shows."""
    last = replays.last_of(viewer)
    if last is None or last.rule != rule:
        return {"replay": None, "is_busy": replays.is_busy}
    found = last.job.found
    return {
        "replay": last,
        "is_busy": False,
        "found": found,
        "precision": precision_words(found) if found else "",
        "keys": _by_seconds(found)[:MOST_KEYS] if found else [],
    }


def _by_seconds(found: RuleSum) -> list[tuple[str, int, float]]:
    rows = [(key, count, seconds) for key, (count, seconds) in found.by_key.items()]
    return sorted(rows, key=lambda row: -row[2])


def _back(rule: str) -> Response:
    return RedirectResponse(f"/rules/{quote(rule, safe='')}/history", HTTPStatus.SEE_OTHER)
