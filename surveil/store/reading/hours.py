"""Sums over chosen hours of one camera, of which rollups hold one each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.domain import EMOTIONS
from surveil.store.scope import Scope
from surveil.store.tables import coverage_1h, timeline_1h


@dataclass(frozen=True, slots=True)
class HourSums:
    """Of all hours asked for, together.

    Attributes:
        analysed_s: Time that was analysed.
        votes: By emotion, in the order of ``EMOTIONS``.
        score_sums: Likewise, each over all votes.
    """

    analysed_s: float
    votes: tuple[int, ...]
    score_sums: tuple[float, ...]


def read_hours(
    connection: sa.Connection, scope: Scope, camera_id: str, hours: Sequence[datetime]
) -> HourSums:
    """Return the sums of some hours; what is not stored adds nothing.

    Args:
        connection: Of one transaction.
        scope: Must see the camera; of another one there is nothing.
        camera_id: Whose.
        hours: When they begin, whole hours of UTC; a thousand at most, since each is a parameter.
    """
    line, cover = timeline_1h.c, coverage_1h.c
    rows = connection.execute(
        sa.select(line.emotion, sa.func.sum(line.votes), sa.func.sum(line.score_sum))
        .where(scope.admits(line.camera_id), line.camera_id == camera_id, line.bucket_at.in_(hours))
        .group_by(line.emotion)
    )
    sums = {emotion: (int(votes), float(scores)) for emotion, votes, scores in rows}
    analysed_s = connection.scalar(
        sa.select(sa.func.sum(cover.analysed_s)).where(
            scope.admits(cover.camera_id),
            cover.camera_id == camera_id,
            cover.bucket_at.in_(hours),
        )
    )
    ordered = [sums.get(emotion.value, (0, 0.0)) for emotion in EMOTIONS]
    return HourSums(
        analysed_s=float(analysed_s or 0.0),
        votes=tuple(votes for votes, _ in ordered),
        score_sums=tuple(scores for _, scores in ordered),
    )
