"""Restarts are bounded for the fleet."""

from __future__ import annotations

from surveil.workers.host.restarts import RestartBudget


def test_a_burst_takes_no_more_than_the_size() -> None:
    budget = RestartBudget(size=3, refill_s=10.0)
    assert [budget.take(100.0) for _ in range(5)] == [True, True, True, False, False]


def test_tokens_come_back_one_by_one_and_never_exceed_the_size() -> None:
    budget = RestartBudget(size=2, refill_s=10.0)
    assert budget.take(0.0)
    assert budget.take(0.0)
    assert not budget.take(9.0)
    assert budget.take(10.5)
    assert [budget.take(10_000.0) for _ in range(3)] == [True, True, False]
