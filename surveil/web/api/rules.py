"""``/api/v1/rules``: what is watched for, and how its alerts were judged."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field

from surveil.rules.words import in_words
from surveil.store.reading import RuleQuality, measure_quality
from surveil.web.api.routing import make_router
from surveil.web.seen_rules import seen_rules
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
    words: list[str] = Field(examples=[["Fires when more than 40% of votes are angry"]])
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
            words=list(in_words(rule)),
            quality=quality.get(rule.name),
        )
        for rule, cameras in seen_rules(reads.site.fleet, reads.scope)
    ]
