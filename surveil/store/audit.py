"""Who did what: rows of the audit log, written in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from surveil.store.tables import audit_log


def note(
    connection: sa.Connection,
    action: str,
    subject: str,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, object],
) -> None:
    """Write down that ``actor`` did something to a subject: ``silence 01J…``, ``alert 01J…``."""
    connection.execute(
        sa.insert(audit_log).values(
            at=now, actor=actor, action=action, subject=subject, detail=dict(detail)
        )
    )
