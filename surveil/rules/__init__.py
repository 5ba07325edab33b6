"""Alert rules: the language users write, and the engine that evaluates it over event time."""

from surveil.rules.engine import RuleEngine
from surveil.rules.instance import AlertState, Transition
from surveil.rules.keys import By, Key
from surveil.rules.memory import Changes, Memory
from surveil.rules.model import NoData, Rule

__all__ = [
    "AlertState",
    "By",
    "Changes",
    "Key",
    "Memory",
    "NoData",
    "Rule",
    "RuleEngine",
    "Transition",
]
