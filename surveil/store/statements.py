"""How many statements a piece of work sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(slots=True)
class Statements:
    """Statements sent so far; one for many rows is one."""

    sent: int = 0


@contextmanager
def counting_statements(database: sa.Engine) -> Iterator[Statements]:
    """Count what is sent to a database, by all threads, while what stands within is at work."""
    counted = Statements()

    def note(*_: Any) -> None:
        counted.sent += 1

    sa.event.listen(database, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        sa.event.remove(database, "before_cursor_execute", note)
