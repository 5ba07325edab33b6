"""Drafts into the spool: all or none, kept while its disk refuses them, told once."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from kit.disk import files_of_at_most
from kit.events import CameraLife, make_vote
from ulid import ULID

from surveil.domain import CameraState
from surveil.events.publisher import Publisher
from surveil.events.spool import Draft, Spool
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring import spooling
from surveil.workers.inferring.spooling import SpoolWriter

RUN = str(ULID())


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db")
    yield made
    made.close()


@pytest.fixture
def telemetry() -> LocalTelemetry:
    return LocalTelemetry()


@pytest.fixture
def writer(spool: Spool, telemetry: LocalTelemetry) -> SpoolWriter:
    return SpoolWriter(spool, Publisher(spool, "redis://127.0.0.1:1", 1), telemetry)


def drafts(count: int) -> list[Draft]:
    life = CameraLife(run=RUN).says(0, CameraState.LIVE)
    for second in range(count - 1):
        life.sees(second, second + 1, *(make_vote(n) for n in range(1, 20)))
    return [Draft(event) for event in life]


def counted(telemetry: LocalTelemetry, name: str, **labels: str) -> float:
    return telemetry.samples.get((name, tuple(sorted(labels.items()))), 0.0)


def test_events_are_counted_by_type(
    writer: SpoolWriter, spool: Spool, telemetry: LocalTelemetry
) -> None:
    writer.flush()
    writer.add(drafts(3))
    writer.flush()
    writer.flush()
    assert spool.pending_count == 3
    assert counted(telemetry, "events_total", type="interval") == 2
    assert counted(telemetry, "events_total", type="camera") == 1


def test_full_disk_is_told_once_and_costs_no_event_once_it_has_room(
    writer: SpoolWriter, spool: Spool, telemetry: LocalTelemetry
) -> None:
    with structlog.testing.capture_logs() as logged:
        with files_of_at_most(4096):
            for each in drafts(60):
                writer.add([each])
                writer.flush()
        assert counted(telemetry, "spool_errors_total") > 1
        writer.flush()
        writer.flush()
    assert [line["event"] for line in logged] == ["spool.failed", "spool.recovered"]
    assert spool.mark(RUN).last_seq == 60
    assert counted(telemetry, "events_refused_total", cause="spool-error") == 0


def test_what_waits_for_the_disk_is_bounded_and_counted(
    writer: SpoolWriter, spool: Spool, telemetry: LocalTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "MAX_BACKLOG", 10)
    with files_of_at_most(4096):
        writer.add(drafts(60))
        writer.flush()
    writer.flush()
    assert counted(telemetry, "events_refused_total", cause="spool-error") == 50
    assert spool.mark(RUN).last_seq == 10


def test_a_file_that_is_damaged_under_way_ends_the_worker_and_is_set_aside_by_the_next(
    writer: SpoolWriter, spool: Spool, tmp_path: Path
) -> None:
    writer.add(drafts(200))
    writer.flush()
    for pragma in ("wal_checkpoint(TRUNCATE)", "cache_size = 1", "shrink_memory"):
        spool._db.execute(f"PRAGMA {pragma}")
    [path] = tmp_path.rglob("*.db")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (path.stat().st_size - 4096))
    writer.add(drafts(1))
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        writer.flush()
    left = tmp_path / "next" / "spool.db"
    left.parent.mkdir()
    shutil.copy(path, left)
    again = Spool(left)
    assert again.pending_count == 0
    assert list(left.parent.glob("*.damaged-*"))
    again.close()
