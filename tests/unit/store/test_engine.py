from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest
import sqlalchemy as sa
from kit.events import START_AT

from surveil.errors import ConfigError, UnavailableError
from surveil.store.engine import connect, describe, reading, writing
from surveil.store.tables import camera

MOMENT = START_AT + timedelta(microseconds=5)


def insert(connection, at):
    row = {"id": "lobby", "first_seen_at": at, "last_seen_at": at}
    connection.execute(sa.insert(camera).values(row))


def test_sqlite_keeps_commits_over_a_power_cut_and_lets_readers_be(sqlite_database):
    with reading(sqlite_database) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_instants_come_back_in_utc_whatever_their_zone_was(database):
    with writing(database) as connection:
        insert(connection, MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))))
    with reading(database) as connection:
        found = connection.scalar(sa.select(camera.c.first_seen_at))
    assert found == MOMENT
    assert found.tzinfo is UTC


def test_naive_instants_are_refused(database):
    def store_naive():
        with writing(database) as connection:
            insert(connection, MOMENT.replace(tzinfo=None))

    with pytest.raises(sa.exc.StatementError, match="naive"):
        store_naive()


def test_sqlite_text_compares_with_its_own_date_functions(sqlite_database):
    with writing(sqlite_database) as connection:
        insert(connection, MOMENT)
    with reading(sqlite_database) as connection:
        row = connection.exec_driver_sql(
            "SELECT first_seen_at, strftime('%H:%M', first_seen_at), "
            "first_seen_at >= datetime('2026-03-01 09:59:50'), "
            "first_seen_at < datetime('2026-03-01 09:59:51') FROM camera"
        ).one()
    assert tuple(row) == ("2026-03-01 09:59:50.000005", "09:59", 1, 1)


def test_postgres_speaks_utc_and_reads_only_when_told_so(postgres_database):
    def write_while_reading():
        with reading(postgres_database) as connection:
            insert(connection, MOMENT)

    with pytest.raises(sa.exc.InternalError, match="read-only"):
        write_while_reading()
    with reading(postgres_database) as connection:
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"


@pytest.mark.parametrize(
    "url",
    ["no url: hunter2", "mysql://app:hunter2@db/x", "sqlite://", "sqlite:///:memory:"],
)
def test_other_databases_are_refused_without_showing_a_password(url):
    with pytest.raises(ConfigError) as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_is_away_is_named_without_its_password(tmp_path):
    url = f"postgresql://app:hunter2@/x?host={tmp_path}"
    engine = connect(url)

    def read():
        with reading(engine):
            pass

    with pytest.raises(UnavailableError) as caught:
        read()
    engine.dispose()
    assert "hunter2" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert describe("postgresql://app:hunter2@db.example:6000/x") == "PostgreSQL db.example:6000/x"


def test_a_missing_file_is_an_error_only_for_those_who_read(tmp_path):
    url = f"sqlite:///{tmp_path}/deep/new.db"
    with pytest.raises(UnavailableError, match="db upgrade"):
        connect(url, create=False)
    engine = connect(url)
    with writing(engine) as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    engine.dispose()
