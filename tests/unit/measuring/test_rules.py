"""The measurement of rules: each set is evaluated, over as many keys as it says."""

from __future__ import annotations

from surveil.measuring.rules import RulesLoad, measure_rules, sets_of

LOAD = RulesLoad(cameras=6, rules=4, cameras_each=2, seconds=4)


def test_sets_are_as_large_as_asked_for() -> None:
    sets = sets_of(LOAD)
    assert [len(rules) for rules in sets.values()] == [1, 1, 5, 4]
    covered = {camera for rule in list(sets.values())[-1] for camera in rule.cameras}
    assert len(covered) == 6


def test_each_set_costs_something() -> None:
    report = measure_rules(LOAD)
    assert [row["keys"] for row in report.rows] == [6, 1, 25, 8]
    assert all(row["cpu_us"] > 0 for row in report.rows)
