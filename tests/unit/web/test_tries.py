"""Budgets of tries."""

from __future__ import annotations

import pytest

from surveil.web.problems import TooOftenError
from surveil.web.tries import TRIES_REFILL_S, Tries

TRIES = 5


def test_tries_come_back_one_by_one() -> None:
    clock = [0.0]
    tries = Tries(mono_s=lambda: clock[0])
    for _ in range(TRIES):
        tries.spend("a", TRIES)
    with pytest.raises(TooOftenError) as refused:
        tries.spend("a", TRIES)
    assert 0 < refused.value.retry_after_s <= TRIES_REFILL_S
    tries.spend("b", TRIES)
    clock[0] += TRIES_REFILL_S
    tries.spend("a", TRIES)
    with pytest.raises(TooOftenError):
        tries.spend("a", TRIES)


def test_tries_are_remembered_within_a_bound() -> None:
    tries = Tries(mono_s=lambda: 0.0, most=3)
    for name in "abcdef":
        tries.spend(name, 1)
    with pytest.raises(TooOftenError):
        tries.spend("f", 1)
    tries.spend("a", 1)  # longest unused, and forgotten
