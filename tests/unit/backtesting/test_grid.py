"""Variants of a rule."""

from __future__ import annotations

import pytest

from surveil.backtesting.grid import vary
from surveil.rules.conditions import Compared
from surveil.rules.model import Rule

RULE = Rule.model_validate(
    {
        "name": "anger",
        "when": {
            "any": [
                {"share": {"emotion": "angry", "over": "30s"}, "above": 0.4, "clear_below": 0.1},
                {"not": {"faces": {"over": "10s"}, "at_most": 2}},
            ]
        },
        "for": "10s",
    }
)


@pytest.mark.parametrize(
    ("grid", "names"),
    [
        ("above=0.3..0.6/0.1", ["above=0.3", "above=0.4", "above=0.5", "above=0.6"]),
        ("for=5s..1m/25s", ["for=5s", "for=30s", "for=55s"]),
        ("over=30s..60s/30s", ["over=30s", "over=1m"]),
        ("at_most=1..2/1", ["at_most=1", "at_most=2"]),
        ("min_confidence=0..0.5/0.5", ["min_confidence=0", "min_confidence=0.5"]),
    ],
)
def test_values(grid: str, names: list[str]) -> None:
    assert [rule.name for rule in vary(RULE, grid)] == [f"anger {name}" for name in names]


def test_the_values_stand_where_the_key_stood() -> None:
    first, last = vary(RULE, "above=0.2..0.3/0.1")
    bounds = [
        [c.above for c in rule.conditions if isinstance(c, Compared)] for rule in (first, last)
    ]

    assert bounds == [[0.2, None], [0.3, None]]
    assert [rule.for_ for rule in vary(RULE, "for=1s..2s/1s")] == [1, 2]
