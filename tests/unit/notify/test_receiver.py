"""One attempt, and what is said of one that failed."""

from __future__ import annotations

from datetime import UTC, datetime

from surveil.notify.receiver import (
    MOST_DETAIL_CHARS,
    Attempt,
    Notice,
    Outcome,
    detail_of,
    try_once,
)
from surveil.secrets import Secret

NOTICE = Notice("msg_1", {})
AT = datetime(2025, 3, 1, tzinfo=UTC)


class Broken:
    """A receiver whose code is at fault."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        raise self._error

    def close(self) -> None:
        return


def test_a_fault_of_the_receiver_is_a_failed_attempt_without_its_secrets() -> None:
    secret = Secret("dear-token-of-the-desk").reveal()
    attempt = try_once(Broken(KeyError(f"https://desk.example/{secret}")), NOTICE, AT)
    assert attempt.outcome is Outcome.RETRY
    assert not attempt.is_reachable
    assert attempt.detail == "KeyError: 'https://desk.example/***'"


def test_of_a_secret_across_the_end_no_half_is_left() -> None:
    secret = Secret("sesame-of-the-long-answer").reveal()
    detail = detail_of("x" * (MOST_DETAIL_CHARS - 10) + secret)
    assert detail == "x" * (MOST_DETAIL_CHARS - 10) + "***"
    assert len(detail_of("y" * 1000)) == MOST_DETAIL_CHARS
