"""What may be told of a camera. Pure: an event in, an event out, before anything is written."""

from surveil.policy.privacy import (
    FORBIDDEN_AREAS,
    INDIVIDUAL,
    Area,
    LiveView,
    Mode,
    Policy,
    apply,
    people_of,
)

__all__ = [
    "FORBIDDEN_AREAS",
    "INDIVIDUAL",
    "Area",
    "LiveView",
    "Mode",
    "Policy",
    "apply",
    "people_of",
]
