"""The measures that a condition can take.

A new one is a file beside this, and its class in :data:`AnyCondition`.
"""

from __future__ import annotations

from typing import get_args

from surveil.rules.conditions import Condition
from surveil.rules.measures.change import ChangeCondition
from surveil.rules.measures.faces import FacesCondition
from surveil.rules.measures.health import HealthCondition
from surveil.rules.measures.mean import MeanCondition
from surveil.rules.measures.rate import RateCondition
from surveil.rules.measures.share import ShareCondition

AnyCondition = (
    ShareCondition
    | MeanCondition
    | FacesCondition
    | RateCondition
    | ChangeCondition
    | HealthCondition
)

MEASURES: dict[str, type[Condition]] = {kind.keyword: kind for kind in get_args(AnyCondition)}
"""Keyword in the YAML to the model of its condition, which reads the measure, too."""
