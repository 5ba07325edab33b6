"""Instants as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.instants import EARLIEST, LATEST, find_zone, parse_instant

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        (" 90m ", NOW - timedelta(minutes=90)),
        ("20260301", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-03-01T12:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-03-01T12:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("5200w", EARLIEST),
        ("9999-12-31", LATEST),
        ("9999-12-31T23:59:59-12:00", LATEST),
        ("0001-01-01T00:00:00+23:00", EARLIEST),
        ("2000-01-01T00:00:00+14:00", EARLIEST),
    ],
)
def test_durations_ago_local_times_and_offsets(text: str, at: datetime) -> None:
    assert parse_instant(text, NOW, BERLIN) == at


@pytest.mark.parametrize("text", ["", "99y", "3600", "20261399", "1e3", "yesterday"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is neither a duration"):
        parse_instant(text, NOW, BERLIN)


def test_a_number_without_a_unit_is_answered_with_what_may_be_meant() -> None:
    with pytest.raises(ValueError, match=r"did you mean 3600s\?$"):
        parse_instant("3600", NOW, UTC)


@given(st.text(max_size=30))
def test_any_text_is_an_instant_that_may_be_stored_or_refused(text: str) -> None:
    try:
        at = parse_instant(text, NOW, BERLIN)
    except ValueError:
        return
    assert EARLIEST <= at <= LATEST


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "", "x" * 5000, "a\0b"])
def test_zones_that_are_not_known_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        find_zone(name)
