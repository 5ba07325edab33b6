"""Silences that have not ended: for whoever asks, and for the alerter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from surveil.store.scope import Scope
from surveil.store.silences import about
from surveil.store.tables import silence

MOST = 10_000
"""Silences that are read at once, those that end last."""


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """One silence. Globs, as in rules; ``*`` and no labels match everything.

    Attributes:
        id: A ULID, by which it is ended.
        rule: Name of the rule.
        camera: Id of the camera.
        labels: Of the rule.
        starts_at: From when on.
        ends_at: Until when.
        created_at: When it was asked for.
        created_by: By whom.
        comment: Why.
    """

    id: str
    rule: str
    camera: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    created_by: str
    comment: str
    labels: Mapping[str, str] = field(default_factory=dict)


def load_silences(connection: sa.Connection, scope: Scope, since_at: datetime) -> list[SilenceRow]:
    """Return the silences that have not ended at an instant, those that end last first."""
    query = sa.select(silence).where(silence.c.ends_at > since_at, about(scope))
    rows = connection.execute(query.order_by(silence.c.ends_at.desc(), silence.c.id).limit(MOST))
    return [
        SilenceRow(
            id=row.id,
            rule=row.matchers.get("rule", "*"),
            camera=row.matchers.get("camera", "*"),
            labels=row.matchers.get("labels", {}),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            created_at=row.created_at,
            created_by=row.created_by,
            comment=row.comment,
        )
        for row in rows
    ]
