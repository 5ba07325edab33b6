"""Store events, each exactly once, with all that follows from them, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from surveil.domain import CameraEvent, Event, IntervalEvent
from surveil.store import rows
from surveil.store.copying import insert_rows
from surveil.store.gap_rows import refresh_gaps
from surveil.store.gaps import goes_on
from surveil.store.ledger import SeqRanges, load_ledger, save_ledger
from surveil.store.rollups import add_to_rollups
from surveil.store.rows import Lost, Row
from surveil.store.runs import close_runs
from surveil.store.tables import camera, camera_event, interval, model, observation, run
from surveil.store.tracks import add_to_tracks
from surveil.store.upsert import insert_new, upsert

STRANGER = "its run belongs to another camera"


@dataclass(frozen=True, slots=True)
class Written:
    """What :func:`write_batch` did with its events; true once the transaction has committed.

    Attributes:
        intervals: Interval events stored now.
        observations: Observations stored now.
        camera_events: Camera events stored now.
        duplicates: Events that were stored before, or came twice in the batch.
        newly_dead: Places in ``dead`` of those that were not settled before.
        refused: By their places in ``events``: those that can never be stored, and why; the caller
            keeps them as dead letters.
        committed: For each run of the batch the greatest n so that all of 1..n are settled:
            stored, or a dead letter.
    """

    intervals: int
    observations: int
    camera_events: int
    duplicates: int
    newly_dead: tuple[int, ...]
    refused: Mapping[int, str]
    committed: dict[str, int]


def write_batch(
    connection: sa.Connection, events: Iterable[Event], dead: Iterable[Lost] = ()
) -> Written:
    """Store events that are not stored yet, in any order and however often they come.

    The result depends only on the set of events ever handed over, not on their order, on how they
    are divided into batches, or on repetitions. Several recorders may write at once: rows of
    ``camera`` serve as locks, taken in order, and everything else belongs to one camera.

    Args:
        connection: In a transaction begun with :func:`surveil.store.engine.writing`.
        events: Some hundreds; all of them are held in memory.
        dead: Events that the caller has put among the dead letters: they count as settled, but
            leave no rows, so that ``max(seq) = count(*)`` fails for their run.

    Returns:
        What was done, if the caller commits.
    """
    given, lost = list(events), list(dead)
    faults = {i: fault for i, event in enumerate(given) if (fault := rows.find_fault(event))}
    owners = _load_owners(connection, [*given, *lost])
    order = sorted(set(range(len(given))) - faults.keys(), key=lambda i: _place(given[i]))
    for i in order:
        if owners.setdefault(given[i].run, given[i].camera) != given[i].camera:
            faults[i] = STRANGER
    offered = [given[i] for i in order if i not in faults]
    # Of a refused event only the start is to be believed: its end may be years away.
    losses: list[tuple[Lost, int | None]] = [(_lose(given[i]), None) for i in faults]
    losses += [(item, i) for i, item in enumerate(lost)]
    leaving = [
        (item, i)
        for item, i in sorted(losses, key=lambda pair: _place(pair[0]))
        if rows.has_identity(item) and owners.setdefault(item.run, item.camera) == item.camera
    ]
    touched = [*offered, *(item for item, _ in leaving)]
    before = _lock_cameras(connection, touched)
    ledger = load_ledger(connection, (item.run for item in touched))
    fresh = [event for event in offered if ledger[event.run].add(event.seq)]
    leaving = [(item, i) for item, i in leaving if ledger[item.run].add(item.seq)]
    gone = [item for item, _ in leaving]
    if fresh or gone:
        changed = {item.run for item in [*fresh, *gone]}
        _write(connection, fresh, gone, {run: ledger[run] for run in changed})
        for camera_id, found in _by_camera([*fresh, *gone]).items():
            known = before[camera_id]
            if not goes_on(known.last_seen_at, known.last_analysed_at, found):
                refresh_gaps(connection, camera_id, *_extent(found))
    intervals = [event for event in fresh if isinstance(event, IntervalEvent)]
    return Written(
        intervals=len(intervals),
        observations=sum(len(event.tracks) for event in intervals),
        camera_events=len(fresh) - len(intervals),
        duplicates=len(offered) - len(fresh),
        newly_dead=tuple(i for _, i in leaving if i is not None),
        refused=faults,
        committed={run: ranges.contiguous for run, ranges in ledger.items()},
    )


def _place(item: Event | Lost) -> tuple[str, str, int]:
    return item.camera, item.run, item.seq


def _lose(event: Event) -> Lost:
    return Lost(event.camera, event.run, event.seq, rows.span(event)[0], event.token)


def _load_owners(connection: sa.Connection, items: Iterable[Event | Lost]) -> dict[str, str]:
    """Return the camera of each run that is stored."""
    runs = sorted({item.run for item in items if rows.has_identity(item)})
    query = sa.select(run.c.id, run.c.camera_id).where(run.c.id.in_(runs))
    return {row.id: row.camera_id for row in connection.execute(query)}


def _lock_cameras(connection: sa.Connection, events: Sequence[Event | Lost]) -> dict[str, Any]:
    """Lock the cameras of some events; return what is known of each, by id."""
    cameras = _camera_rows(events)
    insert_new(connection, camera, cameras)
    ids = [row["id"] for row in cameras]
    query = sa.select(camera).where(camera.c.id.in_(ids)).order_by(camera.c.id)
    # No lock on SQLite, whose transaction is the only one that writes.
    return {row.id: row for row in connection.execute(query.with_for_update())}


def _write(
    connection: sa.Connection,
    events: list[Event],
    gone: list[Lost],
    ledger: dict[str, SeqRanges],
) -> None:
    known = [*events, *gone]
    seen = _camera_rows(known)
    analysed = _last_analysed(events)
    for row in seen:
        row["last_analysed_at"] = analysed.get(row["id"])
    upsert(
        connection,
        camera,
        seen,
        least=("first_seen_at",),
        greatest=("last_seen_at", "last_analysed_at"),
    )
    upsert(connection, run, _run_rows(known), least=("started_at",), greatest=("last_seq",))
    save_ledger(connection, ledger)

    intervals = [event for event in events if isinstance(event, IntervalEvent)]
    models: dict[str, Row] = {}
    for event in sorted(intervals, key=lambda event: event.from_at):
        models.setdefault(event.model, rows.model_row(event))
    upsert(connection, model, _new_models(connection, models), least=("first_seen_at",))

    interval_rows = [rows.interval_row(event) for event in intervals]
    observation_rows = [row for event in intervals for row in rows.observation_rows(event)]
    event_rows = [rows.camera_event_row(e) for e in events if isinstance(e, CameraEvent)]
    for table, found in (
        (interval, interval_rows),
        (observation, observation_rows),
        (camera_event, event_rows),
    ):
        insert_rows(connection, table, found)
    add_to_tracks(connection, observation_rows)
    add_to_rollups(connection, interval_rows, observation_rows)
    close_runs(connection, (row["id"] for row in seen), ledger)


def _new_models(connection: sa.Connection, rows: Mapping[str, Row]) -> list[Row]:
    """Return the rows that say something new: one row written by all would be a lock for all."""
    query = sa.select(model.c.id, model.c.first_seen_at).where(model.c.id.in_(sorted(rows)))
    known = {row.id: row.first_seen_at for row in connection.execute(query)} if rows else {}
    return [
        row for id_, row in rows.items() if id_ not in known or row["first_seen_at"] < known[id_]
    ]


def _by_camera(events: Iterable[Event | Lost]) -> dict[str, list[Event | Lost]]:
    found: dict[str, list[Event | Lost]] = {}
    for event in events:
        found.setdefault(event.camera, []).append(event)
    return found


def _extent(events: Iterable[Event | Lost]) -> tuple[datetime, datetime]:
    spans = [rows.span(event) for event in events]
    return min(first for first, _ in spans), max(last for _, last in spans)


def _last_analysed(events: Iterable[Event]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for event in events:
        if isinstance(event, IntervalEvent) and event.frames.analysed > 0:
            found[event.camera] = max(event.to_at, found.get(event.camera, event.to_at))
    return found


def _camera_rows(events: Iterable[Event | Lost]) -> list[Row]:
    found: list[Row] = []
    for camera_id, mine in sorted(_by_camera(events).items()):
        first_at, last_at = _extent(mine)
        found.append({"id": camera_id, "first_seen_at": first_at, "last_seen_at": last_at})
    return found


def _run_rows(events: Iterable[Event | Lost]) -> list[Row]:
    found: dict[str, Row] = {}
    for event in events:
        started_at, _ = rows.span(event)
        row = found.setdefault(
            event.run,
            {
                "id": event.run,
                "camera_id": event.camera,
                "started_at": started_at,
                "last_seq": event.seq,
                "token": event.token,
            },
        )
        row["started_at"] = min(row["started_at"], started_at)
        row["last_seq"] = max(row["last_seq"], event.seq)
    return list(found.values())
