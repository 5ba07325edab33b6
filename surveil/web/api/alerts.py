"""``/api/v1/alerts``: what fires and fired, and what people say of it."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field

from surveil.store.engine import reading
from surveil.store.marks import Verdict
from surveil.store.reading import (
    AlertRow,
    DeliveryRow,
    MarkRow,
    TransitionRow,
    load_marks,
    load_newest,
    load_steps,
)
from surveil.store.reading.alerts import ACTIVE
from surveil.web import acting
from surveil.web.api.routing import (
    CameraId,
    Cursor,
    Limit,
    Page,
    RowKey,
    RuleName,
    Words,
    make_router,
    page_of,
    read_cursor,
)
from surveil.web.site import Site
from surveil.web.viewer import Viewer
from surveil.web.wiring import Looks, Reads, Shared

MOST_STEPS = 200

router = make_router("alerts")
AlertId = Annotated[RowKey, Path(examples=["01JNXB4Q0Z8W3V7K2T5M6R9ACD"])]


class Which(StrEnum):
    """Which alerts: those not at rest, those that fire now, or all there ever were."""

    ACTIVE = "active"
    FIRING = "firing"
    ALL = "all"


STATES = {Which.ACTIVE: ACTIVE, Which.FIRING: ("firing", "recovering"), Which.ALL: ()}


class StepOut(BaseModel):
    """One step of an alert, and the messages sent because of it."""

    alert_id: str
    at: datetime
    rule: str = Field(examples=["crowd-anger"])
    key: str = Field(examples=["lobby"])
    camera: str | None
    from_state: str = Field(examples=["pending"])
    to_state: str = Field(examples=["firing"])
    value: float | None
    reason: str
    deliveries: tuple[DeliveryRow, ...]


class AlertOut(BaseModel):
    """One activation with its first steps and all that was said of it."""

    alert: AlertRow
    steps: list[StepOut]
    marks: list[MarkRow]


class NoteIn(BaseModel):
    """What whoever acts wants to be remembered."""

    note: Words = Field("", examples=["the guard is on the way"])


class MarkIn(NoteIn):
    """Whether an alert was right; the last verdict counts."""

    verdict: Verdict


@router.get("/alerts")
def list_all(
    reads: Reads,
    which: Which = Which.ACTIVE,
    rule: Annotated[RuleName | None, Query(examples=["crowd-anger"])] = None,
    camera: Annotated[CameraId | None, Query(examples=["lobby"])] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AlertRow]:
    """Return alerts, newest first."""
    rows = load_newest(
        reads.connection,
        reads.scope,
        rule=rule,
        camera=camera,
        states=STATES[which],
        before=read_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda row: (row.since_at, row.id))


@router.get("/alerts/{alert_id}")
def show(site: Shared, viewer: Looks, alert_id: AlertId) -> AlertOut:
    """Return one alert with its history, deliveries and marks."""
    return _load(site, viewer, alert_id)


@router.post("/alerts/{alert_id}/acknowledgement")
def acknowledge(site: Shared, viewer: Looks, alert_id: AlertId, body: NoteIn) -> AlertOut:
    """Say that you know of an alert: it is not told again while it fires. For operators."""
    acting.acknowledge(site, viewer, alert_id, body.note)
    return _load(site, viewer, alert_id)


@router.post("/alerts/{alert_id}/mark")
def mark(site: Shared, viewer: Looks, alert_id: AlertId, body: MarkIn) -> AlertOut:
    """Say whether an alert was right. For operators."""
    acting.mark(site, viewer, alert_id, body.verdict, body.note)
    return _load(site, viewer, alert_id)


def step_of(row: TransitionRow) -> StepOut:
    """Return a step without its id, which counts the steps of all cameras."""
    return StepOut(**{one.name: getattr(row, one.name) for one in fields(row) if one.name != "id"})


def _load(site: Site, viewer: Viewer, alert_id: str) -> AlertOut:
    with reading(site.database) as connection:
        alert = acting.find_alert(connection, viewer, alert_id)
        steps = load_steps(connection, viewer.scope, alert_id, limit=MOST_STEPS)
        return AlertOut(
            alert=alert,
            steps=[step_of(one) for one in steps],
            marks=load_marks(connection, viewer.scope, alert_id),
        )
