"""The ledger of what is stored: for each run the ranges of its sequence numbers.

``(run, seq)`` is an event's identity, over both types of events. The ledger decides whether an
event is new, and no key of a table does, for three reasons: PostgreSQL's partitioned tables cannot
have a key without the partition key; an identity used by an interval and by a camera event would
escape the keys of two tables; and rows that retention has deleted must not come back when an old
entry is delivered again. It is read and written under the lock of the run's camera, in the
transaction that stores the rows. A healthy run is one row, ``1..last_seq``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import sqlalchemy as sa

from surveil.store.tables import run_range


class SeqRanges:
    """A set of whole numbers as sorted ranges, neither touching nor overlapping."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(ranges):
            self._firsts.append(first)
            self._lasts.append(last)

    def add(self, seq: int) -> bool:
        """Add a number; return whether it is new."""
        at = bisect_right(self._firsts, seq)  # the first range that begins after seq
        if at and self._lasts[at - 1] >= seq:
            return False
        joins_left = at > 0 and self._lasts[at - 1] == seq - 1
        joins_right = at < len(self._firsts) and self._firsts[at] == seq + 1
        if joins_left and joins_right:
            self._lasts[at - 1] = self._lasts[at]
            del self._firsts[at], self._lasts[at]
        elif joins_left:
            self._lasts[at - 1] = seq
        elif joins_right:
            self._firsts[at] = seq
        else:
            self._firsts.insert(at, seq)
            self._lasts.insert(at, seq)
        return True

    def __contains__(self, seq: int) -> bool:
        at = bisect_left(self._lasts, seq)
        return at < len(self._firsts) and self._firsts[at] <= seq

    def pairs(self) -> list[tuple[int, int]]:
        """Return the ranges, first and last number of each."""
        return list(zip(self._firsts, self._lasts, strict=True))

    @property
    def contiguous(self) -> int:
        """The greatest n so that all of 1..n are in the set; 0 without 1."""
        return self._lasts[0] if self._firsts and self._firsts[0] == 1 else 0


def load_ledger(connection: sa.Connection, runs: Iterable[str]) -> dict[str, SeqRanges]:
    """Return the ranges of some runs; empty ones for runs unknown."""
    wanted = sorted(set(runs))
    found: dict[str, list[tuple[int, int]]] = {run: [] for run in wanted}
    query = sa.select(run_range).where(run_range.c.run_id.in_(wanted))
    for row in connection.execute(query):
        found[row.run_id].append((row.first_seq, row.last_seq))
    return {run: SeqRanges(ranges) for run, ranges in found.items()}


def save_ledger(connection: sa.Connection, ledger: dict[str, SeqRanges]) -> None:
    """Replace the ranges of some runs, whose rows in ``run`` exist."""
    connection.execute(sa.delete(run_range).where(run_range.c.run_id.in_(sorted(ledger))))
    rows = [
        {"run_id": run, "first_seq": first, "last_seq": last}
        for run, ranges in sorted(ledger.items())
        for first, last in ranges.pairs()
    ]
    if rows:
        connection.execute(sa.insert(run_range), rows)
