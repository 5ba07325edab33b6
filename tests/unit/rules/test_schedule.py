"""Weekly windows: days, midnight, and the days on which clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from surveil.rules.schedule import Schedule, parse_window

MADRID = "Europe/Madrid"


def is_open(instant: str, *times: str, zone: str = MADRID) -> bool:
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    return Schedule(zone=zone, times=times).is_open(at.timestamp())


@pytest.mark.parametrize(
    ("text", "days", "begin", "end"),
    [
        ("mon-fri 08:00-18:00", {0, 1, 2, 3, 4}, 480, 1080),
        ("sat,sun 22:00-06:00", {5, 6}, 1320, 1800),
        ("fri-mon 00:00-24:00", {4, 5, 6, 0}, 0, 1440),
        ("Tue 09:30-09:45", {1}, 570, 585),
        ("12:00-13:00", set(range(7)), 720, 780),
        ("mon 12:00-12:00", {0}, 720, 2160),
    ],
)
def test_windows_are_read(text: str, days: set[int], begin: int, end: int) -> None:
    assert parse_window(text) == (frozenset(days), begin, end)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("always", "must be such as"),
        ("mon-fry 08:00-18:00", "unknown days 'mon-fry'"),
        ("mon 08:60-18:00", "no time of a day"),
        ("mon 24:00-25:00", "no time of a day"),
        ("mon 24:00-01:00", "23:59 at the latest"),
    ],
)
def test_other_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_window(text)


def test_unknown_zone_is_refused() -> None:
    for zone in ("Europe/Nowhere", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="unknown time zone"):
            Schedule(zone=zone, times=("08:00-18:00",))


def test_hours_are_those_of_the_zone() -> None:
    work = "mon-fri 08:00-18:00"
    assert is_open("2026-07-01 06:00", work)  # 08:00 in summer
    assert not is_open("2026-01-05 06:59", work)  # 07:59 in winter
    assert is_open("2026-01-05 07:00", work)
    assert not is_open("2026-01-05 17:00", work)  # the end is not in it
    assert not is_open("2026-01-04 10:00", work)  # a Sunday


def test_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = "fri 22:00-06:00"
    assert is_open("2026-01-02 21:30", night)  # Friday, 22:30
    assert is_open("2026-01-03 04:59", night)  # Saturday, 05:59
    assert not is_open("2026-01-03 05:00", night)
    assert not is_open("2026-01-02 04:00", night)  # Friday, 05:00: that was Thursday's


def test_hour_that_is_left_out_does_not_come() -> None:
    minutes = [f"2026-03-29 {hour:02}:{minute:02}" for hour in range(4) for minute in (0, 30)]
    assert not any(is_open(minute, "02:00-03:00") for minute in minutes)
    assert is_open("2026-03-29 01:00", "03:00-04:00")
    assert not is_open("2026-03-29 00:59", "03:00-04:00")


def test_hour_that_comes_twice_is_open_twice() -> None:
    opened = [
        f"{hour:02}:{minute:02}"
        for hour in range(4)
        for minute in (0, 30)
        if is_open(f"2026-10-25 {hour:02}:{minute:02}", "02:00-03:00")
    ]
    assert opened == ["00:00", "00:30", "01:00", "01:30"]


def test_rule_rests_outside_of_its_schedule(kit: Any) -> None:
    # Scripts begin at 12:00:00 UTC on a Saturday.
    rule = kit.rule(
        when=[{"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}],
        schedule={"zone": "UTC", "times": ["sat 12:01-12:02"]},
        **{"for": "2s", "keep_firing_for": "30s"},
    )
    stage = kit.stage(rule).play("h" * 130)

    assert stage.log == [(61, "pending"), (62, "firing"), (121, "resolved")]
    assert stage.transitions[-1].cause == "off-schedule"
