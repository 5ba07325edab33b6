from __future__ import annotations

from datetime import UTC, datetime

import pytest

from surveil.notify.retry_after import retry_after_s

AT = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 3600.0),
        ("Sat, 01 Mar 2025 12:02:00 GMT", 120.0),
        ("Saturday, 01-Mar-25 12:02:00 GMT", 120.0),
        ("Sat Mar  1 12:02:00 2025", 120.0),
        ("Sat, 01 Mar 2025 11:00:00 GMT", 0.0),
        ("Sun, 02 Mar 2025 12:00:00 GMT", 3600.0),
        ("Sat, 99 Mar 2025 12:02:00 GMT", None),
    ],
)
def test_reads_seconds_and_dates(value: str, expected: float | None) -> None:
    assert retry_after_s({"retry-after": value} if value else {}, AT) == expected


def test_a_date_is_measured_by_the_clock_of_who_sent_it() -> None:
    headers = {
        "date": "Sat, 01 Mar 2025 15:00:00 GMT",
        "retry-after": "Sat, 01 Mar 2025 15:01:00 GMT",
    }
    assert retry_after_s(headers, AT) == 60.0
