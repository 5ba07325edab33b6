"""Alerts: those that fire, those that fired; what happened to each, and what people say of it."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from surveil.durations import parse_duration
from surveil.rules.words import in_words
from surveil.store.engine import reading
from surveil.store.marks import Verdict
from surveil.store.reading import (
    AlertRow,
    load_active,
    load_fired,
    load_marks,
    load_steps,
)
from surveil.web import acting
from surveil.web.pages.rendering import etag, render
from surveil.web.problems import BadRequestError
from surveil.web.seen_rules import seen_rules
from surveil.web.wiring import Looks, Reads, Shared

router = APIRouter(include_in_schema=False, prefix="/alerts")

MOST = 200
MOST_STEPS = 500
AROUND = timedelta(minutes=10)
"""How much is shown before an alert began and after it ended."""
SILENCES = {"1h": "an hour", "8h": "eight hours", "24h": "a day", "7d": "a week"}

_Id = Annotated[str, Path(max_length=64)]
_Note = Annotated[str, Form(max_length=500)]


@router.get("")
def show(
    request: Request, reads: Reads, rule: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """All of them."""
    fired = load_fired(reads.connection, reads.scope, rule=rule or None, limit=MOST)
    return render(
        request, "alerts.html", reads.viewer, active=_active(reads, rule), fired=fired[::-1],
        rule=rule, most=MOST,
    )  # fmt: skip


@router.get("/active")
def active(
    request: Request, reads: Reads, rule: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Those that are not at rest, as they are now."""
    rows = _active(reads, rule)
    return etag(request, render(request, "alerts_active.html", reads.viewer, active=rows))


@router.get("/{id_}")
def show_one(request: Request, reads: Reads, id_: _Id) -> Response:
    """One alert: the rule in words, its course, its deliveries, and what was said of it."""
    found = acting.find_alert(reads.connection, reads.viewer, id_)
    rules = seen_rules(reads.site.fleet, reads.scope)
    rule = next((one for one, _ in rules if one.name == found.rule), None)
    end_at = min((found.resolved_at or reads.site.now()) + AROUND, reads.site.now())
    return render(
        request,
        "alert.html",
        reads.viewer,
        alert=found,
        words=in_words(rule) if rule is not None else [],
        steps=load_steps(reads.connection, reads.scope, found.id, limit=MOST_STEPS),
        marks=load_marks(reads.connection, reads.scope, found.id),
        chart_from_at=found.since_at - AROUND,
        chart_to_at=end_at,
        silences=SILENCES,
    )


@router.post("/{id_}/acknowledge")
def acknowledge_one(site: Shared, viewer: Looks, id_: _Id, note: _Note = "") -> Response:
    """Write down that somebody knows of it."""
    acting.acknowledge(site, viewer, id_, note)
    return _back(id_)


@router.post("/{id_}/mark")
def mark_one(
    site: Shared,
    viewer: Looks,
    id_: _Id,
    verdict: Annotated[Literal["right", "wrong", "unclear"], Form()],
    note: _Note = "",
) -> Response:
    """Write down whether it was right."""
    acting.mark(site, viewer, id_, Verdict(verdict), note)
    return _back(id_)


@router.post("/{id_}/silence")
def silence_one(
    site: Shared,
    viewer: Looks,
    id_: _Id,
    length: Annotated[str, Form(alias="for", max_length=16)],
    why: Annotated[str, Form(min_length=1, max_length=500)],
) -> Response:
    """Tell nobody of this rule's alerts about this camera for a time."""
    try:
        seconds = parse_duration(length)
    except ValueError as error:
        raise BadRequestError(f"for {error}") from None
    with reading(site.database) as connection:
        found = acting.find_alert(connection, viewer, id_)
    acting.silence(
        site, viewer, rule=found.rule, camera=found.camera or "*", labels={}, length_s=seconds,
        comment=why,
    )  # fmt: skip
    return _back(id_)


def _active(reads: Reads, rule: str) -> list[AlertRow]:
    return load_active(reads.connection, reads.scope, rule=rule or None, limit=MOST)


def _back(id_: str) -> Response:
    return RedirectResponse(f"/alerts/{quote(id_, safe='')}", HTTPStatus.SEE_OTHER)
