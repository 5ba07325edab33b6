from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from surveil.store.reading.buckets import bucket_edges

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
HOUR = timedelta(hours=1)


def local(
    zone: ZoneInfo,
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    *,
    fold: int = 0,
) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold).astimezone(UTC)


def test_edges_cover_the_span_and_fall_on_whole_buckets() -> None:
    since = datetime(2026, 3, 1, 9, 59, 30, tzinfo=UTC)
    edges = bucket_edges(since, since + timedelta(minutes=2), 60, UTC)
    assert [edge.strftime("%H:%M:%S") for edge in edges] == [
        "09:59:00",
        "10:00:00",
        "10:01:00",
        "10:02:00",
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 28), 24), ((2026, 3, 29), 23), ((2026, 10, 25), 25)]
)
def test_a_local_day_has_as_many_hours_as_it_lasts(day: tuple[int, int, int], hours: int) -> None:
    year, month, number = day
    start, end = local(BERLIN, *day), local(BERLIN, year, month, number + 1)
    edges = bucket_edges(start, end, 3600, BERLIN)
    assert len(edges) - 1 == hours
    assert all(b - a == HOUR for a, b in pairwise(edges))
    assert (edges[0], edges[-1]) == (start, end)


def test_days_are_local_days_over_a_change_of_the_clock() -> None:
    start, end = local(BERLIN, 2026, 3, 28), local(BERLIN, 2026, 3, 31)
    edges = bucket_edges(start, end, 86400, BERLIN)
    assert [(b - a) / HOUR for a, b in pairwise(edges)] == [24, 23, 24]
    assert all(edge.astimezone(BERLIN).hour == 0 for edge in edges)


def test_the_hour_that_comes_twice_makes_two_buckets() -> None:
    first = local(BERLIN, 2026, 10, 25, 2, 30)
    second = local(BERLIN, 2026, 10, 25, 2, 30, fold=1)
    assert second - first == HOUR
    edges = bucket_edges(first, second, 1800, BERLIN)
    assert [edge.astimezone(BERLIN).strftime("%H:%M %Z") for edge in edges] == [
        "02:30 CEST",
        "02:00 CET",
        "02:30 CET",
    ]


def test_hours_of_a_zone_with_half_an_hour_are_its_own() -> None:
    since = local(KOLKATA, 2026, 3, 1, 10, 10)
    edges = bucket_edges(since, since + HOUR, 3600, KOLKATA)
    assert [edge.astimezone(KOLKATA).strftime("%H:%M") for edge in edges] == [
        "10:00",
        "11:00",
        "12:00",
    ]


def test_the_last_bucket_of_a_day_is_cut_where_the_day_is_no_multiple() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    edges = bucket_edges(start, start + timedelta(days=2), 5 * 3600, UTC)
    assert [(b - a) / HOUR for a, b in pairwise(edges)] == [5, 5, 5, 5, 4] * 2


def test_weeks_begin_on_monday_whatever_the_span() -> None:
    for day in range(1, 8):
        since = datetime(2026, 3, day, tzinfo=UTC)
        edges = bucket_edges(since, since + timedelta(days=1), 7 * 86400, UTC)
        assert all(edge.weekday() == 0 for edge in edges)
        assert edges[0] <= since < edges[-1]
