"""How much of the past one answer may hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveil.web.pieces import edges_of
from surveil.web.problems import TooMuchError

START_AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "bucket_s", "cameras"), [(7, 3600, 50), (14, 600, 1), (0.25, 10, 1), (366, 86400, 2)]
)
def test_what_pages_show_is_answered(days: float, bucket_s: int, cameras: int) -> None:
    until_at = START_AT + timedelta(days=days)
    edges = edges_of(START_AT, until_at, bucket_s, UTC, cameras=cameras)
    assert (edges[0], edges[-1]) == (START_AT, until_at) or days == 366


def test_refusal_says_what_would_be_answered() -> None:
    year = START_AT + timedelta(days=365)
    with pytest.raises(TooMuchError, match="ask for buckets of 21600 s or more"):
        edges_of(START_AT, year, 1, UTC, cameras=1)
    with pytest.raises(TooMuchError, match="whole hours, a shorter time or fewer"):
        edges_of(START_AT, START_AT + timedelta(days=30), 600, UTC, cameras=1)
