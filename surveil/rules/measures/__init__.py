"""The measures a condition can take, one per file. :data:`MEASURES` is their registry."""

from __future__ import annotations

from surveil.rules.conditions import Condition
from surveil.rules.measures.faces import FacesCondition
from surveil.rules.measures.health import HealthCondition
from surveil.rules.measures.mean import MeanCondition
from surveil.rules.measures.share import ShareCondition

AnyCondition = ShareCondition | MeanCondition | FacesCondition | HealthCondition

MEASURES: dict[str, type[Condition]] = {
    kind.keyword: kind for kind in (ShareCondition, MeanCondition, FacesCondition, HealthCondition)
}
"""Keyword in the YAML to the model of its condition."""

__all__ = [
    "MEASURES",
    "AnyCondition",
    "FacesCondition",
    "HealthCondition",
    "MeanCondition",
    "ShareCondition",
]
