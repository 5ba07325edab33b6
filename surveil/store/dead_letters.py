"""Entries that nobody could read or store, kept with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from surveil.store.tables import dead_letter
from surveil.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One stream entry. ``fields`` are the entry's, bounded; ``at`` is when it was given up."""

    consumer_group: str
    stream: str
    entry_id: str
    fields: dict[str, str]
    reason: str
    times_delivered: int
    at: datetime
    run_id: str | None = None
    seq: int | None = None


def insert_dead_letters(connection: sa.Connection, letters: Iterable[DeadLetter]) -> None:
    """Keep dead letters; one that lies there already stays as it is."""
    rows = {
        (letter.consumer_group, letter.stream, letter.entry_id): {
            "consumer_group": letter.consumer_group,
            "stream": letter.stream,
            "entry_id": letter.entry_id,
            "run_id": letter.run_id,
            "seq": letter.seq if letter.seq is not None and letter.seq < 2**63 else None,
            "fields": letter.fields,
            "reason": letter.reason,
            "times_delivered": letter.times_delivered,
            "at": letter.at,
        }
        for letter in letters
    }
    insert_new(connection, dead_letter, list(rows.values()))
