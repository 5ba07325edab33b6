"""Waiting between attempts."""

from __future__ import annotations

import random

from surveil.domain import Reason
from surveil.sources.backoff import AUTH_S, CAP_S, Backoff


class HighDice(random.Random):
    """Always the highest number."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_ceilings_double_up_to_the_cap() -> None:
    backoff = Backoff(HighDice())
    delays = [backoff.next_delay_s(Reason.REFUSED, 0.0) for _ in range(100)]
    assert delays[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert set(delays[8:]) == {CAP_S}


def test_jitter_is_full() -> None:
    dice = random.Random(1)
    delays = [Backoff(dice).next_delay_s(Reason.REFUSED, 0.0) for _ in range(200)]
    assert min(delays) < 0.05
    assert 0.45 < max(delays) <= 0.5


def test_only_a_stable_stream_starts_the_count_anew() -> None:
    backoff = Backoff(HighDice())
    for _ in range(5):
        backoff.next_delay_s(Reason.STREAM_ENDED, 0.0)
    assert backoff.next_delay_s(Reason.STREAM_ENDED, 9.0) == 16
    assert backoff.next_delay_s(Reason.STREAM_ENDED, 10.0) == 0.5


def test_refused_credentials_wait_long() -> None:
    backoff = Backoff(random.Random(1))
    delays = [backoff.next_delay_s(Reason.AUTH_FAILED, 0.0) for _ in range(50)]
    assert all(AUTH_S[0] <= delay_s <= AUTH_S[1] for delay_s in delays)
