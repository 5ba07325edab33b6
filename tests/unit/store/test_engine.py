from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.events import START_AT
from ulid import ULID

from surveil.errors import ConfigError, UnavailableError
from surveil.store import migrate
from surveil.store.engine import RefusedError, connect, describe, reading, writing
from surveil.store.tables import camera

MOMENT = START_AT + timedelta(microseconds=5)


def insert(connection: sa.Connection, at: datetime) -> None:
    row = {"id": "lobby", "first_seen_at": at, "last_seen_at": at}
    connection.execute(sa.insert(camera).values(row))


def test_sqlite_keeps_commits_over_a_power_cut_and_lets_readers_be(
    sqlite_database: sa.Engine,
) -> None:
    with reading(sqlite_database) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5_000,
    }


def test_instants_come_back_in_utc_whatever_their_zone_was(database: sa.Engine) -> None:
    with writing(database) as connection:
        insert(connection, MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))))
    with reading(database) as connection:
        found = connection.scalar(sa.select(camera.c.first_seen_at))
    assert found == MOMENT
    assert found.tzinfo is UTC


def test_naive_instants_are_refused(database: sa.Engine) -> None:
    def store_naive() -> None:
        with writing(database) as connection:
            insert(connection, MOMENT.replace(tzinfo=None))

    with pytest.raises(sa.exc.StatementError, match="naive"):
        store_naive()


def test_sqlite_text_compares_with_its_own_date_functions(sqlite_database: sa.Engine) -> None:
    with writing(sqlite_database) as connection:
        insert(connection, MOMENT)
    with reading(sqlite_database) as connection:
        row = connection.exec_driver_sql(
            "SELECT first_seen_at, strftime('%H:%M', first_seen_at), "
            "first_seen_at >= datetime('2026-03-01 09:59:50'), "
            "first_seen_at < datetime('2026-03-01 09:59:51') FROM camera"
        ).one()
    assert tuple(row) == ("2026-03-01 09:59:50.000005", "09:59", 1, 1)


def test_postgres_speaks_utc_and_reads_only_when_told_so(postgres_database: sa.Engine) -> None:
    def write_while_reading() -> None:
        with reading(postgres_database) as connection:
            insert(connection, MOMENT)

    with pytest.raises(UnavailableError, match="read-only"):
        write_while_reading()
    with reading(postgres_database) as connection:
        shown = {
            name: connection.scalar(sa.text(f"SHOW {name}"))
            for name in ("timezone", "lock_timeout", "statement_timeout")
        }
    assert shown == {"timezone": "UTC", "lock_timeout": "5s", "statement_timeout": "8s"}


@pytest.mark.parametrize(
    "url",
    ["no url: hunter2", "mysql://app:hunter2@db/x", "sqlite://", "sqlite:///:memory:"],
)
def test_other_databases_are_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://app:hunter2@/x?host={tmp_path}"
    engine = connect(url)

    def read() -> None:
        with reading(engine):
            pass

    with pytest.raises(UnavailableError) as caught:
        read()
    engine.dispose()
    assert "hunter2" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert describe("postgresql://app:hunter2@db.example:6000/x") == "PostgreSQL db.example:6000/x"


def test_a_missing_file_is_an_error_only_for_those_who_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/new.db"
    with pytest.raises(UnavailableError, match="db upgrade"):
        connect(url, create=False)
    engine = connect(url)
    with writing(engine) as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    engine.dispose()


@contextmanager
def locked(database: sa.Engine) -> Iterator[None]:
    """Hold a lock that writers of ``camera`` wait for."""
    if database.dialect.name == "sqlite":
        with writing(database):
            yield
    else:
        with writing(database) as connection:
            connection.execute(sa.text("LOCK TABLE camera IN ACCESS EXCLUSIVE MODE"))
            yield


def write_one(database: sa.Engine) -> None:
    with writing(database) as connection:
        insert(connection, MOMENT)


def test_a_lock_is_waited_for_no_longer_than_was_said(
    database: sa.Engine, database_url: str
) -> None:
    hasty = connect(database_url, lock_timeout_s=0.1)
    with locked(database), pytest.raises(UnavailableError, match="lock"):
        write_one(hasty)
    write_one(hasty)
    hasty.dispose()


def test_a_statement_takes_no_longer_than_was_said(postgres_url: str) -> None:
    hasty = connect(postgres_url, statement_timeout_s=0.1)

    def sleep() -> None:
        with reading(hasty) as connection:
            connection.execute(sa.text("SELECT pg_sleep(60)"))

    with pytest.raises(UnavailableError, match="statement timeout"):
        sleep()
    hasty.dispose()


def test_a_row_that_cannot_be_held_is_told_from_a_database_that_is_away(
    database: sa.Engine,
) -> None:
    write_one(database)
    with pytest.raises(RefusedError):
        write_one(database)


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, but a longer text than SQLite's header\n" * 20)
    engine = connect(f"sqlite:///{path}", create=False)
    with pytest.raises(UnavailableError, match="not a database"), reading(engine):
        pass


def test_a_damaged_file_is_unavailable_with_the_reason(
    sqlite_url: str, sqlite_database: sa.Engine, tmp_path: Path
) -> None:
    write_one(sqlite_database)
    sqlite_database.dispose()
    path = tmp_path / "surveil.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(UnavailableError, match="malformed"):
        write_one(sqlite_database)


@pytest.mark.parametrize("where", ["file/surveil.db", "file/deep/surveil.db"])
def test_a_database_below_a_file_is_refused(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"is no folder; move it away"):
        connect(f"sqlite:///{tmp_path}/{where}")


def test_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/surveil.db")
    migrate.upgrade(engine)
    with writing(engine) as connection:
        insert(connection, MOMENT)
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("surveil.db*")
        }
    engine.dispose()
    assert modes == dict.fromkeys(("surveil.db", "surveil.db-wal", "surveil.db-shm"), 0o600)


@pytest.mark.parametrize("name", ["a b.db", "50%41.db", "né#1.db"])
def test_any_name_opens_the_file_of_that_name(tmp_path: Path, name: str) -> None:
    engine = connect(f"sqlite:///{tmp_path}/{name}")
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE x (i INTEGER)"))
    engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def take_away(path: Path, kind: str) -> Path:
    aside = path.with_name("aside.db")
    path.rename(aside)
    if kind == "replaced":
        other = connect(f"sqlite:///{path}")
        migrate.upgrade(other)
        other.dispose()
    return aside


@pytest.mark.parametrize("kind", ["deleted", "replaced"])
def test_a_file_taken_away_swallows_no_commit(
    sqlite_database: sa.Engine, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "surveil.db"

    def write_while_it_is_taken() -> None:
        with writing(sqlite_database) as connection:
            insert(connection, MOMENT)
            return_to.append(take_away(path, kind))

    return_to: list[Path] = []
    with pytest.raises(UnavailableError, match="deleted or replaced"):
        write_while_it_is_taken()
    for _ in range(2):
        with pytest.raises(UnavailableError, match="deleted or replaced"):
            write_one(sqlite_database)
    assert path.exists() == (kind == "replaced")

    return_to[0].replace(path)
    write_one(sqlite_database)
    with reading(sqlite_database) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(camera)) == 1


def test_who_falls_silent_within_a_transaction_keeps_no_locks(postgres_url: str) -> None:
    silent, other = connect(postgres_url, statement_timeout_s=0.5), connect(postgres_url)
    lock = sa.text("LOCK TABLE camera IN ACCESS EXCLUSIVE MODE")

    def fall_silent() -> None:
        with writing(silent) as connection:
            connection.execute(lock)
            with writing(other) as second:  # waits for up to LOCK_TIMEOUT_S
                second.execute(lock)
            connection.execute(lock)

    with pytest.raises(UnavailableError):
        fall_silent()
    silent.dispose()
    other.dispose()


def test_when_all_connections_are_in_use_it_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveil.store.engine.POOL_TIMEOUT_S", 0.05)
    database = connect(database_url)
    try:
        with ExitStack() as held, pytest.raises(UnavailableError, match=r"connections .* in use"):
            _hold(held, database, 50)
    finally:
        database.dispose()


def _hold(held: ExitStack, database: sa.Engine, count: int) -> None:
    for _ in range(count):
        held.enter_context(reading(database))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def as_somebody() -> Iterator[None]:
    """Be a user whom permissions bind."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_file_that_may_be_written_again_is_written_again(open_folder: Path) -> None:
    url = f"sqlite:///{open_folder}/a.db"
    owner, other = connect(url), connect(url)
    migrate.upgrade(owner)
    row = {"source": "", "settings": {}, "first_seen_at": START_AT, "last_seen_at": START_AT}
    with reading(owner):  # keeps the files beside it
        files = list(open_folder.iterdir())
        for mode in (0o444, 0o666):
            for file in files:
                file.chmod(mode)
            with as_somebody():
                for _ in range(3):
                    _write_or_say(other, row, fails=mode == 0o444)
    with reading(owner) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(camera)) == 3
    owner.dispose()
    other.dispose()


def _write_or_say(database: sa.Engine, row: dict[str, object], *, fails: bool) -> None:
    expected = pytest.raises(UnavailableError, match="readonly") if fails else nullcontext()
    with expected, writing(database) as connection:
        connection.execute(sa.insert(camera), {"id": str(ULID()).lower(), **row})
