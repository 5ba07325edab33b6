"""Which hours are compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveil.rules.baselines import Lookback, hour_of

WEEK_S = 7 * 86400.0


def test_all_hours_of_a_week_end_an_hour_before() -> None:
    noon_at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    hours = Lookback(WEEK_S).hours(noon_at)

    assert len(hours) == 168
    assert hours[0] == noon_at - timedelta(hours=2)
    assert hours[-1] == noon_at - timedelta(hours=169)


def test_the_same_hour_of_each_day() -> None:
    noon_at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    hours = Lookback(WEEK_S, "Europe/Madrid").hours(noon_at)

    assert hours == tuple(noon_at - timedelta(days=day) for day in range(1, 8))


@pytest.mark.parametrize(
    ("hour_at", "count", "before", "behind"),
    [
        # Clocks go from 02:00 to 03:00 at 01:00Z on 2026-03-29, back at 01:00Z on 2026-10-25.
        (datetime(2026, 3, 31, 7, tzinfo=UTC), 7, 8, 7),  # 09:00 in summer was 08:00Z in winter
        (datetime(2026, 3, 31, 0, tzinfo=UTC), 6, 1, 0),  # 02:00 did not come on the 29th
        (datetime(2026, 10, 27, 8, tzinfo=UTC), 7, 7, 8),
        (datetime(2026, 10, 27, 1, tzinfo=UTC), 8, 0, 1),  # 02:00 came twice on the 25th
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(
    hour_at: datetime, count: int, before: int, behind: int
) -> None:
    hours = Lookback(WEEK_S, "Europe/Madrid").hours(hour_at)

    assert len(hours) == count
    assert (hours[-1].hour, hours[0].hour) == (before, behind)


def test_an_hour_that_comes_again_is_not_compared_with_itself() -> None:
    second_at = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 02:00 for the second time

    hours = Lookback(WEEK_S, "Europe/Madrid").hours(second_at)

    assert hours[0] == datetime(2026, 10, 24, 0, tzinfo=UTC)


def test_the_hour_of_an_instant() -> None:
    noon_at = datetime(2026, 3, 10, 12, tzinfo=UTC)

    assert hour_of(noon_at.timestamp()) == noon_at
    assert hour_of(noon_at.timestamp() - 1e-6) == noon_at - timedelta(hours=1)
