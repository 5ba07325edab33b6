"""What time a request is about, and what is too much for one answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.web.problems import ProblemError
from surveil.web.spans import MOST_BUCKETS, WANTED_BUCKETS, choose_bucket_s, read_span

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def test_without_words_it_is_the_last_hour() -> None:
    span = read_span(NOW)
    assert (span.from_at, span.to_at) == (NOW - timedelta(hours=1), NOW)
    assert span.edges[0] <= span.from_at
    assert span.edges[-1] >= NOW


def test_instants_and_durations_are_read() -> None:
    span = read_span(NOW, since="2026-03-01T10:00:00+01:00", until="30m", bucket="5m")
    assert span.from_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert span.to_at == NOW - timedelta(minutes=30)
    assert span.bucket_s == 300
    assert read_span(NOW, since="20260301").from_at == datetime(2026, 3, 1, tzinfo=UTC)


def test_days_begin_at_midnight_of_the_zone() -> None:
    span = read_span(NOW, since="7d", bucket="1d", zone="America/New_York")
    assert {edge.hour for edge in span.edges} == {5}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"since": "2016-03-01T00:00:00Z"}, "more than 400 days"),
        ({"since": "365d", "bucket": "1s"}, "ask for a bucket of"),
        ({"since": "1h", "until": "2h"}, "from must be before to"),
        ({"since": "yesterday"}, "'yesterday' is neither a duration such as 1h nor an instant"),
        ({"since": "0001-01-01T00:00:00+23:00"}, "more than 400"),
        ({"bucket": "0.5s"}, "whole seconds"),
        ({"bucket": "25h"}, "whole days"),
        ({"bucket": "soon"}, "bucket"),
        ({"since": "3600"}, "did you mean 3600s"),
        ({"zone": "../etc/passwd"}, "no time zone"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
    ],
)
def test_too_much_says_what_would_do(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        read_span(NOW, **asked)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10), st.text(max_size=20))
def test_any_text_is_a_span_or_a_problem(since: str, until: str, bucket: str, zone: str) -> None:
    try:
        span = read_span(NOW, since=since, until=until, bucket=bucket, zone=zone)
    except ProblemError:
        return
    assert span.from_at < span.to_at <= NOW
    assert len(span.edges) <= MOST_BUCKETS + 3


@given(st.floats(1, 400 * 86400))
def test_chosen_buckets_are_few_enough(seconds: float) -> None:
    assert seconds / choose_bucket_s(seconds) <= WANTED_BUCKETS
