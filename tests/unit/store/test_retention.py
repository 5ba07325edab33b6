from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from kit.events import START_AT, CameraLife, after, make_vote

from surveil.domain import CameraState, Reason
from surveil.store import retention
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS
from surveil.store.partitions import ensure_partitions
from surveil.store.tables import (
    audit_log,
    camera_event,
    gap,
    interval,
    observation,
    run,
    timeline_1h,
    track,
)

DAY_S = 86400.0


def test_the_cutoff_is_the_start_of_a_utc_day() -> None:
    now = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)
    assert retention.cutoff_at(now, days=2) == datetime(2026, 3, 8, tzinfo=UTC)


@pytest.fixture
def life() -> CameraLife:
    """One run on each of four days."""
    life = CameraLife()
    for day in range(4):
        at_s = day * DAY_S
        life.open(f"01{day}").says(at_s, CameraState.LIVE)
        life.sees(at_s, at_s + 1, make_vote(1)).sees(at_s + 1, at_s + 2)
        life.says(at_s + 2, CameraState.STOPPED, Reason.SHUTDOWN)
    return life


def count(database: sa.Engine, table: sa.Table) -> int:
    with reading(database) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def prune(database: sa.Engine, days_after_start: int) -> int:
    first = START_AT.replace(hour=0, minute=0, second=0)
    before_at = first + timedelta(days=days_after_start)
    return sum(retention.prune(database, before_at, actor="test", now=after(10 * DAY_S)))


@pytest.mark.parametrize("partitioned", [True, False])
def test_old_rows_go_and_rollups_stay(
    database: sa.Engine, life: CameraLife, partitioned: bool
) -> None:
    days = [(START_AT + timedelta(days=day)).date() for day in range(4)]
    with writing(database) as connection:
        ensure_partitions(connection, days if partitioned else [])
    with writing(database) as connection:
        write_batch(connection, life)
    assert prune(database, 2) > 0
    assert [count(database, table) for table in (interval, observation, track)] == [4, 2, 2]
    # One more: the event that says why nothing was analysed at the border, and its run.
    assert [count(database, table) for table in (camera_event, run)] == [5, 3]
    assert count(database, timeline_1h) == 4 * 7
    assert count(database, audit_log) == 1
    with reading(database) as connection:
        assert [f for check in CHECKS for f in check(connection)] == []


def test_what_was_deleted_does_not_come_back_with_a_replay_of_a_kept_run(
    database: sa.Engine,
) -> None:
    long_run = CameraLife().sees(0, 1).sees(2 * DAY_S, 2 * DAY_S + 1)
    with writing(database) as connection:
        write_batch(connection, long_run)
    prune(database, 1)
    with writing(database) as connection:
        assert write_batch(connection, long_run).duplicates == 2
    assert count(database, interval) == 1


def test_a_gap_that_is_still_open_is_kept_and_goes_on(database: sa.Engine) -> None:
    life = CameraLife().says(0, CameraState.LIVE).sees(0, 1)
    life.says(2, CameraState.OFFLINE, Reason.TIMEOUT).says(3 * DAY_S, CameraState.CONNECTING)
    with writing(database) as connection:
        write_batch(connection, life)
    prune(database, 2)
    with writing(database) as connection:
        write_batch(connection, CameraLife(run="01B").sees(3 * DAY_S + 5, 3 * DAY_S + 6))
    with reading(database) as connection:
        last = connection.execute(sa.select(gap).order_by(gap.c.from_at)).all()[-1]
        assert (last.to_at, last.reason) == (after(3 * DAY_S + 5), "timeout")
        assert [f for check in CHECKS for f in check(connection)] == []


def test_prune_can_be_stopped_and_done_again(
    database: sa.Engine, life: CameraLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 1)
    with writing(database) as connection:
        write_batch(connection, life)
    first = START_AT.replace(hour=0, minute=0, second=0)
    steps = retention.prune(database, first + timedelta(days=3), actor="test", now=after(0))
    assert isinstance(steps, Generator)
    next(steps)
    next(steps)
    steps.close()
    prune(database, 3)
    assert count(database, interval) == 2
    assert prune(database, 3) == 0


def test_the_coverage_of_deleted_days_stays(database: sa.Engine, life: CameraLife) -> None:
    query = sa.text("SELECT camera, bucket_at, gap_s, reason FROM v_coverage ORDER BY bucket_at")
    with writing(database) as connection:
        write_batch(connection, life)
    with reading(database) as connection:
        before = [tuple(row) for row in connection.execute(query)]
    prune(database, 2)
    with reading(database) as connection:
        assert [tuple(row) for row in connection.execute(query)] == before
