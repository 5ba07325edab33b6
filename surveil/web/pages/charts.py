"""A timeline as the script of the pages draws it. Pure: from buckets, gaps and alerts to JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from surveil.domain import EMOTIONS
from surveil.palette import COLOURS, as_hex
from surveil.store.reading import Bucket, GapRow, TransitionRow
from surveil.store.reading.timelines import NO_DATA

FEW_VOTES = 10
"""Votes of a bucket below which its shares are told to be of few faces."""


def timeline_of(
    buckets: Sequence[Bucket], gaps: Iterable[GapRow] = (), steps: Iterable[TransitionRow] = ()
) -> dict[str, Any]:
    """Return what one chart needs.

    Shares are null where nobody was seen or nothing was analysed: no data is never drawn as zero.

    Args:
        buckets: Of one camera, in order of time.
        gaps: What was not analysed, and why.
        steps: Of alerts; those that begin to fire become marks.
    """
    shares = [[bucket.shares[i] for bucket in buckets] for i in range(len(EMOTIONS))]
    return {
        "from": [_ms(bucket.from_at) for bucket in buckets],
        "to": _ms(buckets[-1].to_at) if buckets else None,
        "series": [
            {"name": emotion.value, "colour": as_hex(COLOURS[emotion]), "shares": shares[i]}
            for i, emotion in enumerate(EMOTIONS)
        ],
        "coverage": [round(bucket.coverage, 4) for bucket in buckets],
        "votes": [bucket.all_votes for bucket in buckets],
        "few": [0 < bucket.all_votes < FEW_VOTES for bucket in buckets],
        "gaps": [
            {"from": _ms(gap.from_at), "to": _ms(gap.to_at), "reason": gap.reason}
            for gap in (*_unknown(buckets), *gaps)
        ],
        "alerts": [
            {"at": _ms(step.at), "rule": step.rule, "key": step.key}
            for step in steps
            if step.to_state == "firing"
        ],
    }


def compared(buckets: Mapping[str, Sequence[Bucket]], emotion: int) -> dict[str, Any]:
    """Return one expression's course in several rows over each other.

    Args:
        buckets: By name of the row; rows may begin at different times.
        emotion: Place in ``EMOTIONS``.
    """
    return {
        "rows": [
            {
                "name": name,
                "from": [_ms(bucket.from_at) for bucket in row],
                "shares": [bucket.shares[emotion] for bucket in row],
                "coverage": [round(bucket.coverage, 4) for bucket in row],
                "votes": [bucket.all_votes for bucket in row],
            }
            for name, row in buckets.items()
        ]
    }


def _unknown(buckets: Sequence[Bucket]) -> list[GapRow]:
    """Return the times of which nothing is stored, as where a camera was not there yet."""
    found = []
    for is_unknown, run in groupby(buckets, lambda one: one.reason == NO_DATA and not one.coverage):
        if is_unknown:
            of = list(run)
            found.append(GapRow(of[0].camera, of[0].from_at, of[-1].to_at, NO_DATA, 0))
    return found


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
