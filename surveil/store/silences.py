"""Silences: what nobody is to be told of for a time; who asked for it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from ulid import ULID

from surveil.store.audit import note
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


def add_silence(
    connection: sa.Connection,
    *,
    rule: str,
    camera: str,
    labels: Mapping[str, str],
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    comment: str,
    now: datetime,
) -> str:
    """Store a silence, and that it was asked for; return its id."""
    id_ = str(ULID.from_datetime(now))
    matchers = {"rule": rule, "camera": camera, "labels": dict(labels)}
    connection.execute(
        sa.insert(silence).values(
            id=id_,
            matchers=matchers,
            starts_at=starts_at,
            ends_at=ends_at,
            created_at=now,
            created_by=by,
            comment=comment,
        )
    )
    detail = {**matchers, "ends_at": ends_at.isoformat(), "comment": comment}
    note(connection, "silence", f"silence {id_}", actor=by, now=now, detail=detail)
    return id_


def expire_silence(connection: sa.Connection, id_: str, *, by: str, now: datetime) -> bool:
    """End a silence now; return false if there is none of that id that has not ended."""
    ended = connection.execute(
        sa.update(silence)
        .where(silence.c.id == id_, silence.c.ends_at > now)
        .values(
            ends_at=now,
            starts_at=sa.case((silence.c.starts_at > now, now), else_=silence.c.starts_at),
        )
    ).rowcount
    if ended:
        note(connection, "expire-silence", f"silence {id_}", actor=by, now=now, detail={})
    return bool(ended)


def load_silences(connection: sa.Connection, since_at: datetime) -> list[SilenceRow]:
    """Return the silences that have not ended at an instant, those that end last first."""
    query = sa.select(silence).where(silence.c.ends_at > since_at)
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
