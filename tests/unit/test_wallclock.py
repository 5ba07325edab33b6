from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveil.wallclock import WatchedClock

START_AT = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Clocks:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self) -> None:
        self.now_at, self.mono_s = START_AT, 100.0
        self.watched = WatchedClock(now=lambda: self.now_at, monotonic=lambda: self.mono_s)

    def pass_by(self, seconds: float, *, set_by_s: float = 0.0) -> float:
        self.mono_s += seconds
        self.now_at += timedelta(seconds=seconds + set_by_s)
        now_at, step_s = self.watched.read()
        assert now_at == self.now_at
        return step_s


def test_time_that_passes_is_no_step() -> None:
    clocks = Clocks()

    assert [clocks.pass_by(seconds) for seconds in (0, 0.25, 86_400)] == [0, 0, 0]


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 2.5, -2.5])
def test_a_step_is_told_once(step_s: float) -> None:
    clocks = Clocks()

    assert clocks.pass_by(1, set_by_s=step_s) == pytest.approx(step_s)
    assert clocks.pass_by(1) == 0


def test_drift_is_followed_and_never_adds_up_to_a_step() -> None:
    clocks = Clocks()

    assert {clocks.pass_by(60, set_by_s=0.03) for _ in range(1000)} == {0}
