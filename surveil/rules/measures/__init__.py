"""The measures a condition can take, one per file."""

from surveil.rules.measures.registry import MEASURES, AnyCondition

__all__ = ["MEASURES", "AnyCondition"]
