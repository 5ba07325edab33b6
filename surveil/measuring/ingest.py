"""How many events a second one recorder puts into SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from surveil.config import Fleet
from surveil.config.loading import read_fleet
from surveil.domain import Event
from surveil.errors import ConfigError, SurveilError
from surveil.events.codec import encode
from surveil.events.connection import open_client
from surveil.events.embedded import EmbeddedRedis, embedded_url
from surveil.events.streams import stream_key
from surveil.measuring.laps import Lap, alternate, lap, middle
from surveil.measuring.report import Figure, Report
from surveil.measuring.servers import lend_database
from surveil.measuring.synthetic import make_events
from surveil.store import migrate
from surveil.store.engine import Database, connect, describe, reading, writing
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS
from surveil.store.reading import list_cameras
from surveil.store.scope import Scope
from surveil.workers.host.lifeline import LocalLifeline, LocalTelemetry
from surveil.workers.recording.recorder import BATCH_EVENTS, Recorder
from surveil.workers.recording.upkeep import Upkeep

FIGURES = (
    Figure("way", "what"),
    Figure("per_s", "events/s", 0),
    Figure("cpu_us", "us/event", 0),
    Figure("per_core_s", "events/s core", 0),
    Figure("wall_s", "s", 2),
)
NOTES = (
    "events/s is by the clock; us/event is this process's processor time, and events/s core what "
    "one core of its own would carry by that. Medians.",
    "store: events in memory into SQL, in the recorder's batches. recorder: the same from a "
    "private Redis, decoded, acknowledged, trimmed.",
)


@dataclass(frozen=True, slots=True)
class Load:
    """What is put in: ``events`` in all, ``faces`` in each interval."""

    events: int = 20_000
    cameras: int = 16
    faces: int = 2


def measure_ingest(which: str, load: Load, rounds: int) -> Report:
    """Store made-up events, and prove that all that follows from them is right.

    Args:
        which: As for :func:`surveil.measuring.servers.lend_database`. A database given by its URL
            must be empty, and keeps the events.
        load: What is put in, in each round and way anew.
        rounds: How often.

    Raises:
        ConfigError: The database has cameras.
        SurveilError: What was stored is not what was put in.
    """
    with lend_database(which) as url:
        database = connect(url)
        try:
            laps = _measure(database, url, load, rounds)
        finally:
            database.dispose()
    rows = [_row(way, middle(found)) for way, found in laps.items()]
    kind = "PostgreSQL" if database.dialect.name == "postgresql" else "SQLite"
    settings = {"database": kind, **asdict(load), "batch": BATCH_EVENTS, "rounds": rounds}
    return Report("ingest", settings, FIGURES, rows, NOTES)


def _measure(database: Database, url: str, load: Load, rounds: int) -> Mapping[str, list[Lap]]:
    migrate.upgrade(database)
    with reading(database) as connection:
        if list_cameras(connection, Scope.all()):
            raise ConfigError(f"{describe(database.url)} has cameras: give an empty database")
    began_at = datetime.now(UTC) - timedelta(seconds=load.events // load.cameras + 60)
    numbers = count(1)  # cameras of their own for each run: none of it is a repetition

    def make(events: int) -> list[Event]:
        number = next(numbers)
        names = [f"bench-{number}-{i}" for i in range(load.cameras)]
        return list(make_events(names, events, began_at, faces=load.faces))

    with _recording(url) as record:
        ways: dict[str, Callable[[list[Event]], Lap]] = {
            "store": partial(_store, database),
            "recorder": record,
        }
        for run in ways.values():  # compiles statements, makes partitions
            run(make(min(load.events, 10 * load.cameras)))
        turns = {way: _with_new(run, lambda: make(load.events)) for way, run in ways.items()}
        laps = alternate(turns, rounds)
    _prove(database)
    return laps


def _with_new(
    run: Callable[[list[Event]], Lap], make: Callable[[], list[Event]]
) -> Callable[[], Lap]:
    return lambda: run(make())


def _store(database: Database, events: list[Event]) -> Lap:
    Upkeep(database, None).prepare_days([])
    with lap(len(events)) as result:
        for batch in _batches(events):
            with writing(database) as connection:
                write_batch(connection, batch)
    return result


@contextmanager
def _recording(url: str) -> Iterator[Callable[[list[Event]], Lap]]:
    """Give a function that lets a recorder store events out of a Redis."""
    with tempfile.TemporaryDirectory(prefix="surveil-bench-") as folder:
        path = Path(folder)
        server = EmbeddedRedis(path, maxmemory_bytes=2**30)
        server.start()
        try:
            yield lambda events: _record(_make_fleet(path, url), events)
        finally:
            server.stop()


def _make_fleet(folder: Path, url: str) -> Fleet:
    file = folder / "fleet.yaml"
    file.write_text(
        "version: 1\n"
        "data_dir: .\n"
        "database: ${env:SURVEIL_BENCH_DATABASE}\n"
        "retention: {days: null}\n"
        "cameras:\n  bench: {source: 'rtsp://127.0.0.1/bench'}\n"
    )
    return read_fleet(file, environment={"SURVEIL_BENCH_DATABASE": url}).fleet


def _record(fleet: Fleet, events: list[Event]) -> Lap:
    _publish(embedded_url(fleet.data_dir), events)
    lifeline = LocalLifeline()
    lifeline.telemetry = _StopAfter(lifeline, len(events))
    recorder = Recorder(fleet, lifeline)
    try:
        with lap(len(events)) as result:
            recorder.work()
    finally:
        recorder.close()
    return result


class _StopAfter(LocalTelemetry):
    """Ends a recorder once it has stored so many events."""

    def __init__(self, lifeline: LocalLifeline, events: int) -> None:
        super().__init__()
        self._lifeline = lifeline
        self._left = events

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        super().count(name, amount, **labels)
        if name in ("events_stored_total", "dead_letters_total", "duplicates_total"):
            self._left -= int(amount)
            if self._left <= 0:
                self._lifeline.stopping.set()


def _publish(url: str, events: Iterable[Event]) -> None:
    client: Any = open_client(url)
    try:
        for batch in _batches(events):
            with client.pipeline(transaction=False) as pipe:
                for event in batch:
                    pipe.xadd(stream_key(0), encode(event))
                pipe.execute()
    finally:
        client.close()


def _prove(database: Database) -> None:
    with reading(database) as connection:
        findings = [one for check in CHECKS for one in check(connection)]
    if findings:
        raise SurveilError(f"{len(findings)} faults in what was stored: {findings[0]}")


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    left = iter(events)
    while batch := list(islice(left, BATCH_EVENTS)):
        yield batch


def _row(way: str, found: Lap) -> dict[str, Any]:
    return {
        "way": way,
        "per_s": found.per_s,
        "cpu_us": found.cpu_us,
        "per_core_s": 1e6 / found.cpu_us,
        "wall_s": found.wall_s,
    }
