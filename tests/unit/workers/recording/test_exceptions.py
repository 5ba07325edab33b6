"""By which exceptions cameras are watched stands in the audit log, at each start."""

from __future__ import annotations

import sqlalchemy as sa

from surveil.store.audit import load_audit
from surveil.store.engine import reading
from surveil.workers.recording.exceptions import note_exceptions


def test_exceptions_are_written_down(sqlite_database: sa.Engine) -> None:
    why = {"area": "workplace", "kind": "safety", "approver": "Ana", "document": "DPIA 7"}
    note_exceptions(sqlite_database, {})
    note_exceptions(sqlite_database, {"crane": why})
    with reading(sqlite_database) as connection:
        (row,) = load_audit(connection, limit=9)
    assert (row.actor, row.action, row.subject) == (
        "recorder",
        "watch-by-exception",
        "camera crane",
    )
    assert row.detail == why
