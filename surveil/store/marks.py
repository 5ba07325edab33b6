"""What people say of alerts: that they know of one, and whether it was right.

``alert_mark`` keeps everything that was said, by whom and when; the alert itself has the first
acknowledgement and the last verdict. Both go into the audit log.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from surveil.errors import ConfigError
from surveil.store.audit import record
from surveil.store.scope import Scope
from surveil.store.tables import alert, alert_mark

ACKNOWLEDGED = "acknowledged"
SHORTEST_END = 6
"""Characters of an alert's id, from its end, that may stand for all of it."""


class Verdict(StrEnum):
    """Whether an alert was right, by whoever looked; ``unclear`` counts neither way."""

    RIGHT = "right"
    WRONG = "wrong"
    UNCLEAR = "unclear"


def acknowledge(
    connection: sa.Connection,
    scope: Scope,
    alert_id: str,
    *,
    by: str,
    note: str,
    now: datetime,
) -> bool:
    """Write down that somebody knows of an alert: it is not told again while it fires.

    The first one stands; each is kept in the history. Its end is told all the same.

    Args:
        connection: In a transaction that may write.
        scope: Which alerts may be acknowledged; another one is as good as unknown.
        alert_id: Its id, or the last ``SHORTEST_END`` characters of it or more.
        by: Who.
        note: What for; may be empty.
        now: Wall clock.

    Returns:
        Whether nobody had done so before.

    Raises:
        ConfigError: There is no such alert, several end so, or it has not fired.
    """
    row = _find_fired(connection, scope, alert_id)
    is_first = row.acknowledged_at is None
    if is_first:
        _set(connection, row.id, {"acknowledged_at": now, "acknowledged_by": by})
    _keep(connection, row, ACKNOWLEDGED, by, note, now)
    return is_first


def mark(
    connection: sa.Connection,
    scope: Scope,
    alert_id: str,
    verdict: Verdict,
    *,
    by: str,
    note: str,
    now: datetime,
) -> None:
    """Write down whether an alert was right; the last verdict counts, each is kept.

    Arguments and errors are those of :func:`acknowledge`.
    """
    row = _find_fired(connection, scope, alert_id)
    _set(connection, row.id, {"verdict": verdict.value})
    _keep(connection, row, verdict.value, by, note, now)


def _find_fired(connection: sa.Connection, scope: Scope, alert_id: str) -> Any:
    row = find_alert(connection, scope, alert_id, lock=True)
    if row.fired_at is None:
        raise ConfigError(f"alert {row.id} has not fired: there is nothing to say of it yet")
    return row


def find_alert(
    connection: sa.Connection, scope: Scope, alert_id: str, *, lock: bool = False
) -> Any:
    """Return the row of an alert by its id, or by the end of it.

    Raises:
        ConfigError: There is none in the scope, or more than one ends so.
    """
    query = sa.select(alert).where(scope.admits(alert.c.camera_id))
    query = query.with_for_update() if lock else query
    row = connection.execute(query.where(alert.c.id == alert_id)).one_or_none()
    if row is not None:
        return row
    end = alert_id.upper()
    if len(end) >= SHORTEST_END and end.isalnum():
        found = connection.execute(query.where(_end_of_id(connection, len(end)) == end).limit(2))
        rows = found.all()
        if len(rows) > 1:
            raise ConfigError(f"several alerts end in {end}: give the whole id")
        if rows:
            return rows[0]
    raise ConfigError(f"no alert {alert_id!r}; see surveil alerts")


def _end_of_id(connection: sa.Connection, length: int) -> sa.ColumnElement[str]:
    if connection.dialect.name == "postgresql":
        return sa.func.right(alert.c.id, length)
    return sa.func.substr(alert.c.id, -length)


def _set(connection: sa.Connection, id_: str, values: dict[str, Any]) -> None:
    connection.execute(sa.update(alert).where(alert.c.id == id_).values(values))


def _keep(
    connection: sa.Connection, row: Any, kind: str, by: str, note: str, now: datetime
) -> None:
    connection.execute(
        sa.insert(alert_mark).values(
            alert_id=row.id, camera_id=row.camera_id, kind=kind, author=by, at=now, note=note
        )
    )
    detail = {"rule": row.rule, "key": row.key, "kind": kind, "note": note}
    record(connection, by, "mark-alert", f"alert {row.id}", detail, now=now)
