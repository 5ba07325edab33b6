"""Minute and hour rollups: sums and counts of the rows just inserted, added to what is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from surveil.domain import EMOTIONS, quantise
from surveil.store.rows import Row, crowd_sums
from surveil.store.tables import COVERAGES, TIMELINES
from surveil.store.upsert import upsert

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = tuple(emotion.value for emotion in EMOTIONS)
COUNTS = ("intervals", "captured", "sampled", "analysed", "gated", "dropped", "faces")
"""What the coverage tables count, by column."""


def floor_to(at: datetime, bucket_s: int) -> datetime:
    """Return the start of the bucket that an instant lies in; buckets count from 1970 in UTC."""
    return _EPOCH + (at - _EPOCH) // timedelta(seconds=bucket_s) * timedelta(seconds=bucket_s)


def split_span(
    from_at: datetime, to_at: datetime, bucket_s: int
) -> Iterator[tuple[datetime, float]]:
    """Yield the buckets that a span touches, with its seconds in each, as multiples of ``GRID``."""
    bucket_at = floor_to(from_at, bucket_s)
    while bucket_at < to_at:
        end_at = bucket_at + timedelta(seconds=bucket_s)
        seconds = (min(end_at, to_at) - max(bucket_at, from_at)).total_seconds()
        yield bucket_at, quantise(seconds)
        bucket_at = end_at


def sum_votes(
    observations: Iterable[Row], bucket_s: int, intervals: Iterable[Row] = ()
) -> list[Row]:
    """Return rows of a timeline table: seven for each camera and bucket with a face in it.

    Args:
        observations: Votes of single faces.
        bucket_s: Length of a bucket.
        intervals: Those with a crowd add its sums.
    """
    sums: dict[tuple[str, datetime], list[list[float]]] = {}
    buckets: dict[datetime, datetime] = {}
    for row in observations:
        at = row["observed_at"]
        bucket_at = buckets.get(at) or buckets.setdefault(at, floor_to(at, bucket_s))
        cells = sums.get((row["camera_id"], bucket_at))
        if cells is None:
            cells = sums[row["camera_id"], bucket_at] = [[0, 0.0, 0.0] for _ in _NAMES]
        for name, cell in zip(_NAMES, cells, strict=True):
            cell[1] += row[name]
        voted = cells[_NAMES.index(row["emotion"])]
        voted[0] += 1
        voted[2] += row["confidence"]
    for row in intervals:
        if row["crowd"] is None or row["faces"] == 0:
            continue
        key = row["camera_id"], floor_to(row["from_at"], bucket_s)
        cells = sums.setdefault(key, [[0, 0.0, 0.0] for _ in _NAMES])
        for cell, added in zip(cells, crowd_sums(row["crowd"]), strict=True):
            for place, one in enumerate(added):
                cell[place] += one
    return [
        {
            "camera_id": camera,
            "bucket_at": bucket_at,
            "emotion": name,
            "votes": votes,
            "score_sum": score_sum,
            "confidence_sum": confidence_sum,
        }
        for (camera, bucket_at), cells in sums.items()
        for name, (votes, score_sum, confidence_sum) in zip(_NAMES, cells, strict=True)
    ]


def _merge_votes(rows: Iterable[Row], bucket_s: int) -> list[Row]:
    """Return what :func:`sum_votes` would for longer buckets: exact sums add up in any order."""
    merged: dict[tuple[str, datetime, str], Row] = {}
    for row in rows:
        bucket_at = floor_to(row["bucket_at"], bucket_s)
        key = row["camera_id"], bucket_at, row["emotion"]
        if (known := merged.get(key)) is None:
            merged[key] = row | {"bucket_at": bucket_at}
            continue
        for name in ("votes", "score_sum", "confidence_sum"):
            known[name] += row[name]
    return list(merged.values())


def sum_coverage(intervals: Iterable[Row], bucket_s: int) -> list[Row]:
    """Return rows of a coverage table, without gaps.

    Counts belong to the bucket in which the interval begins, as its observations do; the seconds of
    an interval over a bucket's end are divided between the two.
    """
    cells: defaultdict[tuple[str, datetime], Row] = defaultdict(
        lambda: dict.fromkeys(COUNTS, 0) | {"analysed_s": 0.0}
    )
    first_at = end_at = _EPOCH  # the bucket of the interval before, which is mostly this one's too
    for row in intervals:
        from_at, to_at = row["from_at"], row["to_at"]
        if not first_at <= from_at < end_at:
            first_at = floor_to(from_at, bucket_s)
            end_at = first_at + timedelta(seconds=bucket_s)
        cell = cells[row["camera_id"], first_at]
        cell["intervals"] += 1
        for name in COUNTS[1:]:
            cell[name] += row[name]
        if row["analysed"] == 0:
            continue
        if to_at <= end_at:
            cell["analysed_s"] += quantise((to_at - from_at).total_seconds())
        else:
            for bucket_at, seconds in split_span(from_at, to_at, bucket_s):
                cells[row["camera_id"], bucket_at]["analysed_s"] += seconds
    return [
        {"camera_id": camera, "bucket_at": bucket_at, "gap_s": 0.0, "reason": None} | cell
        for (camera, bucket_at), cell in cells.items()
    ]


def add_to_rollups(
    connection: sa.Connection, intervals: Sequence[Row], observations: Sequence[Row]
) -> None:
    """Add rows that were really inserted, in their own transaction."""
    minutes = sum_votes(observations, 60, intervals)
    votes = {60: minutes, 3600: _merge_votes(minutes, 3600)}
    for bucket_s, timeline in TIMELINES.items():
        upsert(
            connection,
            timeline,
            votes[bucket_s],
            add=("votes", "score_sum", "confidence_sum"),
        )
        upsert(
            connection,
            COVERAGES[bucket_s],
            sum_coverage(intervals, bucket_s),
            add=(*COUNTS, "analysed_s"),
        )
