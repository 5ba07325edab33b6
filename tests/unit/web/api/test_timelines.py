"""Timelines and gaps by the API, and how much of them one answer may hold."""

from __future__ import annotations

import pytest
from kit.web import MINE, OTHER, Dashboard, fill

from surveil.store.access import Role

TIMELINES, GAPS = "/api/v1/timelines", "/api/v1/gaps"
HOUR = {"from": "2026-03-01T09:55:00Z", "to": "2026-03-01T10:05:00Z"}


def test_values_come_with_their_coverage(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    client = dashboard.client(dashboard.key())
    (one,) = client.get(TIMELINES, params={**HOUR, "camera": MINE, "bucket": "1m"}).json()
    buckets = one["buckets"]
    assert (one["camera"], len(buckets)) == (MINE, 10)
    whole = buckets[4]
    assert whole["votes"]["happy"] == 10
    assert whole["shares"]["happy"] == 1.0
    empty = buckets[0]
    assert empty["coverage"] == 0
    assert empty["reason"] == "no-data"
    assert empty["shares"]["happy"] is None


def test_cameras_of_others_are_as_good_as_unknown(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    assert [one["camera"] for one in client.get(TIMELINES, params=HOUR).json()] == [MINE]
    refused = client.get(TIMELINES, params={**HOUR, "camera": OTHER})
    unknown = client.get(TIMELINES, params={**HOUR, "camera": "nobody"})
    assert refused.status_code == unknown.status_code == 404
    gaps = client.get(GAPS, params={"from": HOUR["from"]}).json()["items"]
    assert {one["camera"] for one in gaps} <= {MINE}
    assert client.get(GAPS, params={"from": HOUR["from"], "camera": OTHER}).json()["items"] == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"from": "2016-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "bucket": "1d"}, "hours"),
        ({"from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "bucket": "1s"}, "bucket"),
        ({"from": "2025-01-01T00:00:00Z", "to": "2025-02-01T00:00:00Z", "bucket": "10m"}, "minute"),
        ({"from": "2026-01-01T10:00:00Z", "to": "2026-01-01T09:00:00Z"}, "after from"),
        ({"bucket": "0s"}, "bucket"),
        ({"bucket": "1.5s"}, "bucket"),
        ({"bucket": "25h"}, "bucket"),
        ({"bucket": "soon"}, "bucket"),
        ({"tz": "Nowhere/At/All"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
        ({"from": "0001-01-01T00:00:00Z"}, "from"),
        ({"from": "2026-03-01T09:00:00"}, "from"),
        ({"camera": "<script>"}, "camera"),
    ],
)
def test_too_much_or_nonsense_gets_a_clear_problem(
    sqlite_dashboard: Dashboard, asked: dict[str, str], words: str
) -> None:
    fill(sqlite_dashboard.database)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    answer = client.get(TIMELINES, params={**HOUR, **asked})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_unchanged_answer_is_not_sent_again(sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    first = client.get(TIMELINES, params=HOUR)
    again = client.get(TIMELINES, params=HOUR, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
