"""Events on this host that SQL does not have yet, in one SQLite file per inference worker.

An event exists once :meth:`Spool.append` has returned: its transaction gave it the next ``seq`` of
its run. It is deleted only by :meth:`Spool.forget`, when SQL has committed it.
``synchronous=FULL``: a worker commits once or twice a second, so the fsync (2 ms on an SSD) is
cheap, and a power failure then takes no event that was promised.

A full spool takes no more events, *before* they get a ``seq``: what is stored stays without a hole,
and the missing time shows as a gap between intervals. Changes of state may use a reserve above the
limit, so that what happened to a camera is known even then.

Thread-safe; the inference loop appends, the publisher's thread reads and forgets.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ulid import ULID

from surveil.domain import CameraState, Event, IntervalEvent, Reason
from surveil.errors import UnavailableError
from surveil.events.codec import encode, format_at
from surveil.events.spool_file import PREDECESSOR_S, lock_spool, open_spool_file
from surveil.events.spool_sizes import ENTRY_OVERHEAD_BYTES, MAX_BYTES, RESERVE
from surveil.logs import get_logger

FORGET_AT_ONCE = 2000
"""Entries of one deletion, for which an append may have to wait."""

RUN_KEPT = timedelta(days=30)
"""A run without a new event for so long is forgotten, once nothing of it is pending."""

_log = get_logger("events")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no ``seq`` yet (it is 0), and what a restarted worker must know.

    Attributes:
        event: The event; ``event.run`` as the capture process calls it.
        last_track_id: Highest track id given so far in the run.
        state_index: Index of the capture's state record that this event tells, 0 for none.
    """

    event: Event
    last_track_id: int = 0
    state_index: int = 0


@dataclass(frozen=True, slots=True)
class SpoolLease:
    """Under what a camera is watched where hosts share cameras.

    Attributes:
        token: That of the lease; all events of the camera carry it.
        is_host_lost: Another host held the camera before and was lost: the first event says so.
    """

    token: int
    is_host_lost: bool = False


@dataclass(frozen=True, slots=True)
class RunMark:
    """Where a run stands in the spool; all zero for a run that is new.

    ``last_to_at`` is the end of its last interval, None before the first one.
    """

    last_seq: int = 0
    last_track_id: int = 0
    last_state_index: int = 0
    last_to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """An event as it will stand in the stream; ``id`` grows in the order of appending."""

    id: int
    camera: str
    run: str
    seq: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of drafts: events with their ``seq``, and how many a full spool refused."""

    events: tuple[Event, ...]
    refused: int


class Spool:
    """The spool in one file, held by one process at a time.

    Raises:
        InUseError: Another process holds the file; the message names its pid.
        UnavailableError: The disk refuses it: full, read-only, or broken.
        ConfigError: The file is of another version.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = MAX_BYTES,
        predecessor_s: float = PREDECESSOR_S,
        leases: Mapping[str, SpoolLease] | None = None,
    ) -> None:
        self._leases = {} if leases is None else leases  # may grow while the spool is open
        self._path = path
        self._lock = threading.Lock()
        self._max_bytes = max_bytes
        try:
            self._file_lock = lock_spool(path, predecessor_s=predecessor_s)
            self._db, self._renamed_before_ms = self._open(path)
        except (OSError, sqlite3.Error) as error:
            raise UnavailableError(f"spool {path}: {error}") from None
        row = self._db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM entry").fetchone()
        self._pending, self._bytes = int(row[0]), int(row[1])
        self._prune_runs()

    def _open(self, path: Path) -> tuple[sqlite3.Connection, int]:
        try:
            return open_spool_file(path)
        except BaseException:
            self._file_lock.release()
            raise

    @property
    def pending_count(self) -> int:
        """Events that SQL has not committed, as far as is known."""
        return self._pending

    @property
    def pending_bytes(self) -> int:
        """Bytes that these take; bounded by ``RESERVE * max_bytes``."""
        return self._bytes

    def mark(self, run: str) -> RunMark:
        """Return where a run stands, so that a restarted worker goes on in it."""
        with self._lock:
            row = self._db.execute(
                "SELECT last_seq, last_track_id, last_state_index, last_to_at FROM run"
                " WHERE capture_run = ?",
                (run,),
            ).fetchone()
        if row is None:
            return RunMark()
        to_at = datetime.fromisoformat(row[3]) if row[3] else None
        return RunMark(int(row[0]), int(row[1]), int(row[2]), to_at)

    def append(self, drafts: Sequence[Draft]) -> Appended:
        """Commit events, all or none, each with the next ``seq`` of its run.

        Returns:
            The events kept, in order, and the number refused because the spool is full.

        Raises:
            sqlite3.Error: The disk is full or broken; nothing of this call was kept.
        """
        kept: list[Event] = []
        new_bytes = refused = 0
        with self._lock, self._db:
            for draft in drafts:
                factor = 1.0 if isinstance(draft.event, IntervalEvent) else RESERVE
                if self._bytes + new_bytes >= self._max_bytes * factor:
                    refused += 1
                    continue
                event, size = self._insert(draft)
                kept.append(event)
                new_bytes += size
            self._db.commit()
            self._pending += len(kept)
            self._bytes += new_bytes
        return Appended(tuple(kept), refused)

    def pending(self, after_id: int = 0, limit: int = 500) -> list[SpoolEntry]:
        """Return entries with an ``id`` above ``after_id``, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, camera, run, seq, v, type, data FROM entry WHERE id > ?"
                " ORDER BY id LIMIT ?",
                (after_id, limit),
            ).fetchall()
        return [
            SpoolEntry(id_, camera, run, seq, {"v": v, "type": kind, "data": data})
            for id_, camera, run, seq, v, kind, data in rows
        ]

    def pending_runs(self) -> list[str]:
        """Return the runs, as published, of which something is pending."""
        with self._lock:
            # By the few runs: to go through all entries would take long when there are millions.
            rows = self._db.execute(
                "SELECT run FROM run WHERE EXISTS (SELECT 1 FROM entry WHERE entry.run = run.run)"
            ).fetchall()
        return [row[0] for row in rows]

    def forget(self, run: str, up_to_seq: int) -> int:
        """Delete a run's events up to a ``seq`` that SQL has committed; returns how many.

        In steps, between which others may append.
        """
        total = 0
        while count := self._forget_some(run, up_to_seq):
            total += count
        return total

    def close(self) -> None:
        """Close the file and let another process have it."""
        with self._lock:
            self._db.close()
        self._file_lock.release()

    def remove(self) -> None:
        """Close and delete the file: all of it is in SQL, and nobody goes on in its runs."""
        with self._lock:
            self._db.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._file_lock.release()

    def _forget_some(self, run: str, up_to_seq: int) -> int:
        with self._lock, self._db:
            rows = self._db.execute(
                "DELETE FROM entry WHERE id IN"
                " (SELECT id FROM entry WHERE run = ? AND seq <= ? ORDER BY seq LIMIT ?)"
                " RETURNING bytes",
                (run, up_to_seq, FORGET_AT_ONCE),
            ).fetchall()
            self._db.commit()
            self._pending -= len(rows)
            self._bytes -= sum(row[0] for row in rows)
        return len(rows)

    def _insert(self, draft: Draft) -> tuple[Event, int]:
        event = self._stamp(draft.event)
        now = format_at(datetime.now(UTC))
        is_known = self._db.execute("SELECT 1 FROM run WHERE capture_run = ?", (event.run,))
        if is_known.fetchone() is None:
            self._db.execute(
                "INSERT INTO run (capture_run, run, camera, updated_at) VALUES (?, ?, ?, ?)",
                (event.run, self._public_run(event.run), event.camera, now),
            )
        to_at = format_at(event.to_at) if isinstance(event, IntervalEvent) else None
        run, seq = self._db.execute(
            "UPDATE run SET last_seq = last_seq + 1,"
            " last_track_id = max(last_track_id, ?), last_state_index = max(last_state_index, ?),"
            " last_to_at = coalesce(?, last_to_at), updated_at = ?"
            " WHERE capture_run = ? RETURNING run, last_seq",
            (draft.last_track_id, draft.state_index, to_at, now, event.run),
        ).fetchone()
        numbered: Event = replace(event, run=run, seq=int(seq))
        fields = encode(numbered)
        size = len(fields["data"]) + ENTRY_OVERHEAD_BYTES
        self._db.execute(
            "INSERT INTO entry (camera, run, seq, v, type, data, bytes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event.camera, run, seq, fields["v"], fields["type"], fields["data"], size),
        )
        return numbered, size

    def _stamp(self, event: Event) -> Event:
        """Return an event with its lease's token, and with the loss of the host before it."""
        lease = self._leases.get(event.camera)
        if lease is None:
            return event
        if isinstance(event, IntervalEvent):
            return replace(event, token=lease.token)
        reason = event.reason
        if lease.is_host_lost and event.state is CameraState.CONNECTING:
            known = self._db.execute("SELECT 1 FROM run WHERE camera = ?", (event.camera,))
            reason = reason if known.fetchone() else Reason.HOST_LOST
        return replace(event, token=lease.token, reason=reason)

    def _public_run(self, capture_run: str) -> str:
        """Return the run's name in events: a new one where its counting was lost.

        A run that began before a damaged spool was set aside may already have events in SQL; to
        count it from 1 again would make new events look like duplicates of those.
        """
        if ULID.from_str(capture_run).milliseconds >= self._renamed_before_ms:
            return capture_run
        name = str(ULID())
        _log.warning("run.renamed", capture_run=capture_run, run=name)
        return name

    def _prune_runs(self) -> None:
        before = format_at(datetime.now(UTC) - RUN_KEPT)
        with self._db:
            self._db.execute(
                "DELETE FROM run WHERE updated_at < ?"
                " AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.run = run.run)",
                (before,),
            )
            self._db.commit()
