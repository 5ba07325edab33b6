"""``/api/v1/rules``: what is watched for, and how its alerts were judged."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field

from surveil.config.schema import Fleet
from surveil.rules.model import Rule
from surveil.store.reading import RuleQuality, measure_quality
from surveil.store.scope import Scope
from surveil.web.api.routing import make_router
from surveil.web.wiring import Reads

QUALITY_OVER = timedelta(days=30)

router = make_router("rules")


class RuleOut(BaseModel):
    """One rule: the cameras that it is about among those that whoever asks may see.

    ``quality`` is of the last 30 days, and null where nothing fired.
    """

    name: str = Field(examples=["crowd-anger"])
    by: str = Field(examples=["camera"])
    cameras: list[str] = Field(examples=[["lobby"]])
    for_s: float = Field(examples=[10.0])
    labels: dict[str, str] = Field(examples=[{"severity": "warning"}])
    quality: RuleQuality | None


@router.get("/rules")
def list_all(reads: Reads) -> list[RuleOut]:
    """Return the rules about cameras that whoever asks may see, in the order of the fleet file."""
    now = reads.site.now()
    edges = [now - QUALITY_OVER, now + timedelta(seconds=1)]
    found = measure_quality(reads.connection, reads.scope, edges, rule=None)
    quality = {one.rule: one for one in found}
    return [
        RuleOut(
            name=rule.name,
            by=rule.by.value,
            cameras=cameras,
            for_s=rule.for_,
            labels=dict(rule.labels),
            quality=quality.get(rule.name),
        )
        for rule, cameras in rules_of(reads.site.fleet, reads.scope)
    ]


def rules_of(fleet: Fleet, scope: Scope) -> list[tuple[Rule, list[str]]]:
    """Return the rules that are about cameras of a scope, with those cameras."""
    found = []
    for rule in fleet.rules:
        cameras = [
            id_
            for id_, camera in fleet.cameras.items()
            if scope.sees(id_) and rule.matches(id_, camera.labels)
        ]
        if cameras or scope.cameras is None:
            found.append((rule, cameras))
    return found
