"""Rules in words, how each stands, and how often it was right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request, Response

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
from surveil.web.seen_rules import seen_rules
from surveil.web.wiring import Reads

router = APIRouter(include_in_schema=False, prefix="/rules")

DAYS = 30
MOST_ACTIVE = 1000
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
