"""Delays double up to a limit, are drawn from nothing on, and begin anew after a good time."""

from __future__ import annotations

import random

from surveil.backoff import Backoff


class HighDice(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return b


def test_delays_stay_within_a_bound_that_doubles_up_to_the_limit() -> None:
    backoff = Backoff(dice=HighDice())
    assert [backoff.next_delay_s(1.0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_what_lived_long_starts_from_the_first_delay() -> None:
    backoff = Backoff(stable_s=10.0, dice=HighDice())
    for _ in range(5):
        backoff.next_delay_s(9.9)
    assert backoff.next_delay_s(9.9) == 16
    assert backoff.next_delay_s(10.0) == 0.5


def test_a_success_starts_from_the_first_delay() -> None:
    backoff = Backoff(dice=HighDice())
    backoff.next_delay_s()
    backoff.next_delay_s()
    assert backoff.failures == 2
    backoff.reset()
    assert backoff.next_delay_s() == 0.5


def test_years_of_failures_are_no_overflow() -> None:
    backoff = Backoff(dice=HighDice())
    assert {backoff.next_delay_s() for _ in range(5000)} == {0.5, 1, 2, 4, 8, 16, 30}


def test_jitter_is_full() -> None:
    delays = [Backoff(dice=random.Random(seed)).next_delay_s() for seed in range(200)]
    assert min(delays) < 0.05
    assert max(delays) > 0.45
