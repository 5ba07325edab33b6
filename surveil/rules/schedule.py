"""When a rule is at work: weekly windows by the clock on the wall of a named zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from surveil.rules.conditions import Strict

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:(?P<days>[a-z,\- ]+?)\s+)?(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)")
_MINUTES_A_DAY = 24 * 60


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"unknown time zone '{name}'; one such as Europe/Madrid") from None
    return name


Zone = Annotated[str, AfterValidator(_check_zone)]
"""Name of a time zone, of the IANA data base."""


def _check_window(text: str) -> str:
    parse_window(text)
    return text


def parse_window(text: str) -> tuple[frozenset[int], int, int]:
    """Return days (Monday is 0) and first and last minute of ``mon-fri 08:00-18:00``.

    Without days it is every day. A window whose end is not after its begin ends on the next day;
    24:00 is the end of the day.

    Raises:
        ValueError: It is not such a text.
    """
    match = _WINDOW.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"must be such as 'mon-fri 08:00-18:00', not '{text[:40]}'")
    begin, end = _minute_of(match["from"]), _minute_of(match["to"])
    if begin == _MINUTES_A_DAY:
        raise ValueError("a window begins at 23:59 at the latest")
    return _days_of(match["days"] or "mon-sun"), begin, end + _MINUTES_A_DAY * (end <= begin)


def _minute_of(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes > 59 or hours * 60 + minutes > _MINUTES_A_DAY:
        raise ValueError(f"'{text}' is no time of a day")
    return hours * 60 + minutes


def _days_of(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"unknown days '{part}'; days are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days |= {(begin + each) % 7 for each in range((end - begin) % 7 + 1)}
    return frozenset(days)


def longest_s(schedule: Schedule) -> float:
    """Return the longest time for which a schedule is open without a break, a week at most."""
    week = 7 * _MINUTES_A_DAY
    minutes = [False] * week
    for text in schedule.times:
        days, begin, end = parse_window(text)
        for day in days:
            for minute in range(begin, end):
                minutes[(day * _MINUTES_A_DAY + minute) % week] = True
    if all(minutes):
        return float("inf")
    longest = current = 0
    for is_open in minutes * 2:
        current = current + 1 if is_open else 0
        longest = max(longest, current)
    return longest * 60.0


class Schedule(Strict):
    """Weekly windows; outside of them a rule rests.

    Hours are those that a clock on the wall shows: on the day on which it is put forward, a window
    in the hour that is left out does not come; where it is put back, one in the hour that comes
    twice is open twice.

    Attributes:
        zone: Name of the time zone, of the IANA data base.
        times: Windows as :func:`parse_window` reads them.
    """

    zone: Zone
    times: Annotated[
        tuple[Annotated[str, AfterValidator(_check_window)], ...],
        Field(min_length=1, max_length=100),
    ]

    @cached_property
    def _windows(self) -> tuple[tuple[frozenset[int], int, int], ...]:
        return tuple(parse_window(text) for text in self.times)

    def is_open(self, at_s: float) -> bool:
        """Return whether an instant, in seconds since the epoch, lies in a window."""
        local = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
        return any(
            (today in days and begin <= minute < end)
            or (yesterday in days and minute + _MINUTES_A_DAY < end)
            for days, begin, end in self._windows
        )
