"""Partitions and retention, in the small steps between two batches."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.events import START_AT, CameraLife, after, make_vote

from surveil.errors import UnavailableError
from surveil.store import partitions
from surveil.store.audit import record, verify
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import interval, observation
from surveil.workers.recording.upkeep import Upkeep

DAY_S = 86400


def days_of(database: sa.Engine) -> list[str]:
    query = sa.text("SELECT relname FROM pg_class WHERE relname LIKE 'interval_p%' ORDER BY 1")
    with reading(database) as connection:
        names = connection.scalars(query).all()
    return [name for name in names if len(name) == len("interval_p20260301")]


def count(database: sa.Engine, table: sa.Table) -> int:
    with reading(database) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def four_days(database: sa.Engine) -> sa.Engine:
    life = CameraLife()
    for day in range(4):
        life.sees(day * DAY_S, day * DAY_S + 1, make_vote(1))
    with writing(database) as connection:
        write_batch(connection, life)
    return database


def test_the_days_of_events_and_the_next_ones_get_partitions(postgres_database: sa.Engine) -> None:
    upkeep = Upkeep(postgres_database, None, now=lambda: START_AT)
    upkeep.prepare_days([after(-5 * DAY_S), after(-401 * DAY_S), after(3 * DAY_S)])
    wanted = [START_AT + timedelta(days=days) for days in (-5, 0, 1, 2)]
    assert days_of(postgres_database) == [f"interval_p{at:%Y%m%d}" for at in wanted]


def test_a_day_is_prepared_once(postgres_database: sa.Engine) -> None:
    upkeep = Upkeep(postgres_database, None, now=lambda: START_AT)
    upkeep.prepare_days([START_AT])
    with writing(postgres_database) as connection:
        partitions.drop_partitions(connection, (START_AT + timedelta(days=9)).date())
    upkeep.prepare_days([START_AT])
    assert days_of(postgres_database) == []


def test_what_is_not_kept_goes_step_by_step(four_days: sa.Engine) -> None:
    upkeep = Upkeep(four_days, 2, now=lambda: after(3 * DAY_S))
    steps = 1
    while upkeep.prune_step():
        steps += 1
    assert steps > 3
    assert (count(four_days, interval), count(four_days, observation)) == (3, 3)


def test_the_next_round_waits_for_its_time(four_days: sa.Engine) -> None:
    now_at = after(3 * DAY_S)
    upkeep = Upkeep(four_days, 2, now=lambda: now_at)
    while upkeep.prune_step():
        pass
    now_at = after(9 * DAY_S)
    assert not upkeep.prune_step()
    assert count(four_days, interval) == 3

    hasty = Upkeep(four_days, 2, now=lambda: now_at, prune_every_s=0.0)
    for _ in range(50):
        hasty.prune_step()
    assert count(four_days, interval) == 0


def test_all_is_kept_where_nothing_is_to_be_deleted(four_days: sa.Engine) -> None:
    assert not Upkeep(four_days, None, now=lambda: after(999 * DAY_S)).prune_step()
    assert count(four_days, interval) == 4


def test_a_round_that_met_a_server_away_is_begun_anew(
    sqlite_database: sa.Engine, tmp_path: Path
) -> None:
    path, aside = tmp_path / "surveil.db", tmp_path / "aside.db"
    with writing(sqlite_database) as connection:
        write_batch(connection, CameraLife().sees(0, 1))
    upkeep = Upkeep(sqlite_database, 1, now=lambda: after(9 * DAY_S), prune_every_s=0.0)
    assert upkeep.prune_step()
    path.rename(aside)
    with pytest.raises(UnavailableError):
        upkeep.prune_step()
    aside.rename(path)
    while count(sqlite_database, interval):
        upkeep.prune_step()


def test_a_camera_of_its_own_days_is_kept_for_less(four_days: sa.Engine) -> None:
    with writing(four_days) as connection:
        write_batch(connection, CameraLife("vault", "01V").sees(0, 1, make_vote(1)))
    upkeep = Upkeep(four_days, None, {"vault": 2}, now=lambda: after(3 * DAY_S))
    while upkeep.prune_step():
        pass
    assert (count(four_days, interval), count(four_days, observation)) == (4, 4)


def test_the_audit_log_is_kept_for_its_own_days(database: sa.Engine) -> None:
    for day in range(4):
        record(database, "ana", "look", "camera", now=after(day * DAY_S))
    upkeep = Upkeep(database, None, audit_days=2, now=lambda: after(4 * DAY_S))
    while upkeep.prune_step():
        pass
    with reading(database) as connection:
        found = verify(connection)
    assert (found.cut, found.rows, found.broken_id) == (2, 3, None)
