"""What is drawn says nothing that was not seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from surveil.domain import EMOTIONS
from surveil.palette import COLOURS, as_hex
from surveil.store.reading import Bucket, GapRow, TransitionRow
from surveil.web.pages.charts import compared, timeline_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS = AT.timestamp() * 1000


def bucket(minute: int, happy: int, coverage: float = 1.0) -> Bucket:
    nothing = (None,) * 7
    shares = tuple(1.0 if e.value == "happy" else 0.0 for e in EMOTIONS) if happy else nothing
    votes = tuple(happy if e.value == "happy" else 0 for e in EMOTIONS)
    start = AT + timedelta(minutes=minute)
    end = start + timedelta(minutes=1)
    return Bucket(
        "lobby", start, end, coverage, 60 * coverage, None, votes, shares, nothing, nothing
    )


def test_nobody_seen_is_not_zero() -> None:
    drawn = timeline_of([bucket(0, 20), bucket(1, 0), bucket(2, 3, 0.5)])
    happy = next(one for one in drawn["series"] if one["name"] == "happy")
    assert happy["shares"] == [1.0, None, 1.0]
    assert happy["colour"] == as_hex(COLOURS[EMOTIONS[3]])
    assert drawn["coverage"] == [1.0, 1.0, 0.5]
    assert drawn["few"] == [False, False, True]
    assert (drawn["from"][0], drawn["to"]) == (MS, MS + 180_000)


def test_gaps_have_their_reason_and_alerts_their_beginning() -> None:
    gap = GapRow("lobby", AT, AT + timedelta(seconds=5), "stalled", 3)
    steps = [
        TransitionRow(1, "a", AT, "joy", "lobby", "lobby", "pending", to, 0.5, "", ())
        for to in ("firing", "resolved")
    ]
    drawn = timeline_of([bucket(0, 1)], [gap], steps)
    assert drawn["gaps"] == [{"from": MS, "to": MS + 5000, "reason": "stalled"}]
    assert drawn["alerts"] == [{"at": MS, "rule": "joy", "key": "lobby"}]


def test_rows_are_one_expression_each() -> None:
    drawn = compared({"today": [bucket(0, 2)], "before": [bucket(5, 0)]}, 3)
    assert [row["name"] for row in drawn["rows"]] == ["today", "before"]
    assert [row["shares"] for row in drawn["rows"]] == [[1.0], [None]]
