"""A server that is away is waited for and named once, and a worker that is to end does not wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from surveil.errors import UnavailableError
from surveil.logs import configure_logs
from surveil.workers.host.availability import Availability, StoppedError
from surveil.workers.host.lifeline import LocalLifeline, LocalTelemetry


def failing(times: int, error: Exception) -> Callable[[], str]:
    left = [error] * times

    def call() -> str:
        if left:
            raise left.pop()
        return "answer"

    return call


@pytest.mark.parametrize("error", [UnavailableError("gone"), redis.ConnectionError("gone")])
def test_a_server_is_waited_for_and_named_once(
    capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    configure_logs("recorder", json=True)
    lifeline = LocalLifeline()
    calls: list[None] = []
    servers = Availability(lifeline)
    answer = servers.wait_for("sql", failing(2, error), meanwhile=lambda: calls.append(None))
    assert answer == "answer"
    assert len(calls) == 2
    assert not lifeline.is_ready
    said = capsys.readouterr().err
    assert said.count("server.away") == said.count("server.back") == 1
    telemetry = lifeline.telemetry
    assert isinstance(telemetry, LocalTelemetry)
    assert telemetry.samples["server_errors_total", (("server", "sql"),)] == 2


def test_a_worker_that_is_to_end_does_not_wait() -> None:
    lifeline = LocalLifeline()
    lifeline.stopping.set()
    with pytest.raises(StoppedError):
        Availability(lifeline).wait_for("redis", failing(9, UnavailableError("gone")))


def test_what_is_no_outage_is_not_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        Availability(LocalLifeline()).wait_for("sql", failing(9, ZeroDivisionError()))
