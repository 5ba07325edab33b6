"""Cameras over each other: those that the viewer may see, at the times that are asked for."""

from __future__ import annotations

import csv
import html
import io
import re

import pyarrow.parquet as pq
import pytest
from kit.web import MINE, OTHER, Dashboard, fill

from surveil.store.access import Role
from surveil.store.audit import load_audit
from surveil.store.engine import reading


def test_cameras_and_earlier_times_are_rows(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    dashboard.now = dashboard.now.replace(hour=13)
    client = dashboard.client(dashboard.key())
    rows = client.get("/timelines/chart?from=4h&against=1d").json()["rows"]
    names = [row["name"] for row in rows]
    assert names == [MINE, OTHER, f"{MINE}, a day before", f"{OTHER}, a day before"]
    assert any(share == 1.0 for share in rows[0]["shares"])
    assert set(rows[2]["shares"]) == {None}
    assert rows[0]["from"] == rows[2]["from"]
    page = client.get("/timelines?from=4h&least=10").text
    assert page.count("100.0%") == 2


def test_what_is_taken_away_is_what_is_shown_and_written_down(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    dashboard.now = dashboard.now.replace(hour=13)
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    query = {"from": "4h", "against": "1d", "bucket": "1h"}
    page = client.get("/timelines", params=query).text
    (link,) = re.findall(r'href="(/timelines/timelines.csv.*?)"', page)
    assert "from=2026-03-01T09%3A00%3A00Z" in link  # which shows the same for ever
    answer = client.get(html.unescape(link))
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["camera"] for row in rows} == {MINE}
    assert rows[0]["from_at"] == "2026-02-28T09:00:00+00:00"
    assert rows[0]["happy_share"] == ""  # nothing is known, which is not 0
    assert sum(int(row["happy_votes"]) for row in rows) == 60
    parquet = client.get("/timelines/timelines.parquet", params=query)
    table = pq.read_table(io.BytesIO(parquet.content)).to_pylist()
    assert [row["happy_share"] for row in table] == [
        float(row["happy_share"]) if row["happy_share"] else None for row in rows
    ]
    assert table[0]["from_at"].isoformat() == rows[0]["from_at"]
    other = client.get("/timelines/timelines.csv", params={**query, "camera": OTHER})
    assert other.status_code == 404
    with reading(dashboard.database) as connection:
        refused, *told = load_audit(connection, limit=3)
    assert refused.action == "refuse"
    assert [(row.actor, row.subject, row.detail["form"]) for row in told] == [
        ("ann", "timelines", "parquet"), ("ann", "timelines", "csv"),
    ]  # fmt: skip
    assert told[0].detail["cameras"] == [MINE]


def test_nobody_learns_of_other_cameras(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    dashboard.now = dashboard.now.replace(hour=13)
    client = dashboard.client(dashboard.key(Role.VIEWER, (MINE,)))
    assert OTHER not in client.get("/timelines?from=4h&least=1").text
    assert OTHER not in client.get("/timelines/chart?from=2h").text
    assert client.get(f"/timelines/chart?camera={OTHER}").status_code == 404
    with reading(dashboard.database) as connection:
        newest = load_audit(connection, limit=1)
    assert [(row.actor, row.action) for row in newest] == [("ann", "refuse")]


@pytest.mark.parametrize(
    "query", ["against=2y", "emotion=bored", "least=0", "from=400y", "bucket=0"]
)
def test_what_cannot_be_shown_is_said(sqlite_dashboard: Dashboard, query: str) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    assert client.get(f"/timelines?{query}").status_code == 422


def test_page_without_any_data(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    assert "Nothing is stored yet" in client.get("/timelines").text
    assert client.get("/timelines/chart").json() == {"rows": []}
