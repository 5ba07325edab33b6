"""Alert rules: the language users write, and the engine that evaluates it over event time."""

from surveil.rules.changes import Changes
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import AlertState, Transition
from surveil.rules.keys import By, Key
from surveil.rules.model import NoData, Rule
from surveil.rules.stored import StoredAlert

__all__ = [
    "AlertState",
    "By",
    "Changes",
    "Key",
    "NoData",
    "Rule",
    "RuleEngine",
    "StoredAlert",
    "Transition",
]
