from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from kit.events import START_AT, CameraLife, make_vote

from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.migrate import drift
from surveil.store.partitions import drop_partitions, ensure_partitions

DAY = START_AT.date()


def rows_of(engine: sa.Engine, name: str) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one())


def test_rows_go_to_their_days_partition(postgres_database: sa.Engine) -> None:
    with writing(postgres_database) as connection:
        ensure_partitions(connection, [DAY, DAY + timedelta(days=1)])
    with writing(postgres_database) as connection:
        write_batch(connection, CameraLife().sees(0, 1, make_vote(1)).sees(86400, 86401))
    assert rows_of(postgres_database, "interval_p20260301") == 1
    assert rows_of(postgres_database, "interval_p20260302") == 1
    assert rows_of(postgres_database, "observation_p20260301") == 1
    assert rows_of(postgres_database, "interval_default") == 0


def test_a_late_partition_takes_its_rows_from_the_default_one(postgres_database: sa.Engine) -> None:
    with writing(postgres_database) as connection:
        write_batch(connection, CameraLife().sees(0, 1, make_vote(1)).sees(86400, 86401))
    assert rows_of(postgres_database, "interval_default") == 2
    for _ in range(2):
        with writing(postgres_database) as connection:
            ensure_partitions(connection, [DAY])
    assert rows_of(postgres_database, "interval_p20260301") == 1
    assert rows_of(postgres_database, "interval_default") == 1
    assert rows_of(postgres_database, "interval") == 2
    with reading(postgres_database) as connection:
        assert drift(connection) == []


def test_old_partitions_are_dropped(postgres_database: sa.Engine) -> None:
    with writing(postgres_database) as connection:
        ensure_partitions(connection, [DAY, DAY + timedelta(days=1)])
        assert drop_partitions(connection, DAY + timedelta(days=1)) == [
            "interval_p20260301",
            "observation_p20260301",
        ]


def test_sqlite_has_none(sqlite_database: sa.Engine) -> None:
    with writing(sqlite_database) as connection:
        ensure_partitions(connection, [DAY])
        assert drop_partitions(connection, DAY) == []
