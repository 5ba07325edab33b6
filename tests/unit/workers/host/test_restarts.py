"""Restarts are bounded for the fleet and spread by jitter."""

from __future__ import annotations

import random

from surveil.workers.host.restarts import Backoff, RestartBudget


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


def test_delays_stay_within_a_bound_that_doubles_up_to_the_limit() -> None:
    class Highest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    backoff = Backoff(rng=Highest())
    assert [backoff.next_delay_s(1.0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_worker_that_lived_long_starts_from_the_first_delay() -> None:
    class Highest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    backoff = Backoff(rng=Highest())
    for _ in range(5):
        backoff.next_delay_s(1.0)
    assert backoff.next_delay_s(60.0) == 0.5


def test_jitter_is_full() -> None:
    delays = [Backoff(rng=random.Random(seed)).next_delay_s(0.0) for seed in range(200)]
    assert min(delays) < 0.05
    assert max(delays) > 0.45
