"""Silences: what nobody is to be told of for a time; who asked for it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from ulid import ULID

from surveil.store.audit import record
from surveil.store.scope import Scope
from surveil.store.tables import silence


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
    record(connection, by, "silence", f"silence {id_}", detail, now=now)
    return id_


def about(scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that a silence is about cameras that a scope sees.

    One that names a camera is about that one; one by a pattern is about the site, and seen with all
    cameras alone, as an alert of the site is.
    """
    return scope.admits(silence.c.matchers["camera"].as_string())


def expire_silence(
    connection: sa.Connection, scope: Scope, id_: str, *, by: str, now: datetime
) -> bool:
    """End a silence now; return false if the scope sees none of that id that has not ended."""
    ended = connection.execute(
        sa.update(silence)
        .where(silence.c.id == id_, silence.c.ends_at > now, about(scope))
        .values(
            ends_at=now,
            starts_at=sa.case((silence.c.starts_at > now, now), else_=silence.c.starts_at),
        )
    ).rowcount
    if ended:
        record(connection, by, "expire-silence", f"silence {id_}", now=now)
    return bool(ended)
