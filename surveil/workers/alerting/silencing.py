"""What people silenced, as rules understand it."""

from __future__ import annotations

from datetime import datetime

from surveil.rules.silences import Silence
from surveil.store.engine import Connection
from surveil.store.reading import load_silences
from surveil.store.scope import Scope


def load_in_force(connection: Connection, now_at: datetime) -> list[Silence]:
    """Return the silences that have not ended."""
    return [
        Silence(
            id=row.id,
            from_s=row.starts_at.timestamp(),
            until_s=row.ends_at.timestamp(),
            rule=row.rule,
            camera=row.camera,
            labels=row.labels,
        )
        for row in load_silences(connection, Scope.all(), now_at)
    ]
