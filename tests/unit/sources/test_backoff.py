"""Waiting between attempts to connect to a camera."""

from __future__ import annotations

import random

import pytest

from surveil.domain import Reason
from surveil.sources.backoff import AUTH_S, CameraBackoff


class HighDice(random.Random):
    """Always the highest number."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_only_a_stable_stream_starts_the_count_anew() -> None:
    backoff = CameraBackoff(HighDice())
    for _ in range(5):
        backoff.next_delay_s(Reason.STREAM_ENDED, 0.0)
    assert backoff.next_delay_s(Reason.STREAM_ENDED, 9.0) == 16
    assert backoff.next_delay_s(Reason.STREAM_ENDED, 10.0) == 0.5


@pytest.mark.parametrize("reason", [Reason.AUTH_FAILED, Reason.AUTH_UNSUPPORTED])
def test_refused_credentials_wait_long(reason: Reason) -> None:
    backoff = CameraBackoff(random.Random(1))
    delays = [backoff.next_delay_s(reason, 0.0) for _ in range(50)]
    assert all(AUTH_S[0] <= delay_s <= AUTH_S[1] for delay_s in delays)
