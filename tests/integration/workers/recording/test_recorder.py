from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from kit.events import CameraLife, make_vote
from kit.servers import PostgresServer
from kit.stream import publish
from kit.waiting import until
from sqlalchemy.engine import make_url
from ulid import ULID

from surveil.config import load_fleet
from surveil.domain import CameraState
from surveil.events.connection import connect as connect_redis
from surveil.events.consumer import GroupReader
from surveil.events.embedded import EmbeddedRedis
from surveil.events.progress import read_committed
from surveil.events.sharing import share_out
from surveil.events.streams import stream_key
from surveil.store.engine import connect, reading, writing
from surveil.store.finding import Finding
from surveil.store.integrity import CHECKS
from surveil.store.tables import camera, camera_event, dead_letter, interval
from surveil.workers.host.lifeline import LocalLifeline, LocalTelemetry
from surveil.workers.recording import recorder
from surveil.workers.recording.record_batch import BatchWriter

DEADLINE_S = 60.0
BEGAN_AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
"""Of the events: Redis numbers entries by its clock, and both must agree."""


def make_fleet_file(folder: Path, redis_url: str, database_url: str) -> Path:
    path = folder / "fleet.yaml"
    path.write_text(
        f"version: 1\nredis: {redis_url}\ndatabase: {database_url}\n"
        "cameras:\n  lobby: {source: 'rtsp://user:hunter2@10.0.0.5/stream2'}\n"
    )
    return path


def make_run(count: int, camera: str = "lobby") -> CameraLife:
    """Return a run of ``count`` events."""
    life = CameraLife(camera, str(ULID.from_datetime(BEGAN_AT)), BEGAN_AT).says(0, CameraState.LIVE)
    for second in range(count - 1):
        life.sees(second, second + 1, make_vote(1))
    return life


def count_rows(engine: sa.Engine, *tables: sa.Table) -> int:
    with reading(engine) as connection:
        counts = (sa.select(sa.func.count()).select_from(table) for table in tables)
        return sum(connection.execute(query).scalar_one() for query in counts)


def count_events(engine: sa.Engine) -> int:
    return count_rows(engine, interval, camera_event)


def find_damage(engine: sa.Engine) -> list[Finding]:
    with reading(engine) as connection:
        return [finding for check in CHECKS for finding in check(connection)]


@contextmanager
def running(fleet_path: Path) -> Iterator[LocalLifeline]:
    """Run a recorder in a thread of this process; gives its lifeline."""
    lifeline = LocalLifeline()
    results: list[int] = []
    thread = threading.Thread(
        target=lambda: results.append(recorder.run(load_fleet(fleet_path), lifeline))
    )
    thread.start()
    try:
        yield lifeline
    finally:
        lifeline.stopping.set()
        thread.join(DEADLINE_S)
    assert results == [0]


def sample(lifeline: LocalLifeline, name: str, **labels: str) -> float:
    assert isinstance(lifeline.telemetry, LocalTelemetry)
    return lifeline.telemetry.samples.get((name, tuple(sorted(labels.items()))), 0)


def test_events_are_stored_acknowledged_published_and_trimmed(
    tmp_path: Path,
    database: sa.Engine,
    database_url: str,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    life = make_run(60)
    publish(redis_client, life)
    with running(make_fleet_file(tmp_path, redis_server.url, database_url)) as lifeline:
        until(lambda: count_events(database) == 60, "60 events in SQL")
        until(
            lambda: read_committed(redis_client, [life.run]) == {life.run: 60}, "progress published"
        )
        until(lambda: lifeline.is_ready, "ready")
    assert sample(lifeline, "events_stored_total", type="interval") == 59
    assert sample(lifeline, "events_stored_total", type="camera") == 1
    assert redis_client.xpending(stream_key(0), "recorder")["pending"] == 0
    assert find_damage(database) == []
    with reading(database) as connection:
        known = connection.execute(sa.select(camera)).one()
    assert known.source == "rtsp://10.0.0.5/stream2"
    assert "hunter2" not in repr(known)
    assert known.settings["sample_fps"] == 5


def test_what_was_committed_but_not_acknowledged_is_stored_once(
    tmp_path: Path,
    database: sa.Engine,
    database_url: str,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    life = make_run(20)
    publish(redis_client, life)
    with connect_redis(redis_server.url, block_s=2) as client:
        reader = GroupReader(client, "recorder", "another", 1)
        BatchWriter(database, "recorder").write(reader.read(block_ms=100, count=500))
        # Claimed by the recorder at once, as it would be after this one's death.
        redis_client.xgroup_delconsumer(stream_key(0), "recorder", "another")
    publish(redis_client, life)
    with running(make_fleet_file(tmp_path, redis_server.url, database_url)) as lifeline:
        until(lambda: sample(lifeline, "duplicates_total") == 20, "20 duplicates")
        until(
            lambda: read_committed(redis_client, [life.run]) == {life.run: 20}, "progress published"
        )
    assert count_events(database) == 20
    assert find_damage(database) == []


def test_what_a_recorder_had_read_whose_host_is_lost_is_stored_before_it_is_old(
    tmp_path: Path,
    database: sa.Engine,
    database_url: str,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    publish(redis_client, make_run(60))
    lost = GroupReader(connect_redis(redis_server.url, block_s=2), "recorder", "elsewhere", 1)
    assert len(lost.read(block_ms=10)) == 60
    with running(make_fleet_file(tmp_path, redis_server.url, database_url)) as lifeline:
        # It was never among the readers that live; its entries are claimed by age after a minute.
        until(lambda: count_events(database) == 60, "60 events in SQL")
        until(
            lambda: redis_client.xpending(stream_key(0), "recorder")["pending"] == 0, "acknowledged"
        )
    assert sample(lifeline, "duplicates_total") == 0
    assert find_damage(database) == []


def test_a_recorder_that_alone_has_no_way_to_sql_leaves_its_partition_to_another(
    tmp_path: Path,
    postgres_url: str,
    postgres_database: sa.Engine,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    # Both would share one partition: the one that is cut off is the one whose it is.
    names = sorted(f"host-{n}" for n in range(9))
    ranked = share_out(1, [consumer_of(tmp_path / name) for name in names])
    [cut_off] = [name for name in names if ranked[consumer_of(tmp_path / name)]]
    other = next(name for name in names if name != cut_off)
    role = make_url(postgres_url).set(username="cut_off")
    with writing(postgres_database) as connection:
        connection.execute(sa.text("CREATE ROLE cut_off SUPERUSER LOGIN"))
    for name in (cut_off, other):
        (tmp_path / name).mkdir()
    url = role.render_as_string(hide_password=False)
    with running(make_fleet_file(tmp_path / cut_off, redis_server.url, url)) as lost:
        until(lambda: lost.is_ready, "ready")
        with writing(postgres_database) as connection:
            connection.execute(sa.text("ALTER ROLE cut_off NOLOGIN"))
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'cut_off'"
                )
            )
        publish(redis_client, make_run(60))
        until(lambda: sample(lost, "server_errors_total", server="sql") > 1, "SQL missed")
        fleet_path = make_fleet_file(tmp_path / other, redis_server.url, postgres_url)
        with running(fleet_path) as lifeline:
            until(lambda: count_events(postgres_database) == 60, "60 events in SQL")
            assert sample(lifeline, "duplicates_total") == 0
            with writing(postgres_database) as connection:
                connection.execute(sa.text("ALTER ROLE cut_off LOGIN"))
            until(lambda: lost.is_ready, "ready again")
    assert sample(lost, "duplicates_total") == 60  # it had read them, too, and stores none twice
    assert find_damage(postgres_database) == []
    with writing(postgres_database) as connection:
        connection.execute(sa.text("DROP ROLE cut_off"))


def consumer_of(folder: Path) -> str:
    return f"recorder@{socket.gethostname()}:{folder / 'var'}"


def test_entries_nobody_can_store_are_buried_and_hold_up_nothing(
    tmp_path: Path,
    postgres_database: sa.Engine,
    postgres_url: str,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    life = make_run(10)
    redis_client.xadd(stream_key(0), {"v": "1", "type": "interval", "data": "{not json"})
    publish(redis_client, life.events[:4])
    odd = replace(CameraLife("lobby", str(ULID()), BEGAN_AT).sees(0, 1).events[0], seq=2**31 + 7)
    publish(redis_client, [odd])
    publish(redis_client, life.events[4:])
    with running(make_fleet_file(tmp_path, redis_server.url, postgres_url)) as lifeline:
        until(lambda: count_events(postgres_database) == 10, "the good events in SQL")
        until(lambda: count_rows(postgres_database, dead_letter) == 2, "two dead letters")
    with reading(postgres_database) as connection:
        letters = connection.execute(sa.select(dead_letter).order_by(dead_letter.c.id)).all()
    assert [letter.reason.partition(":")[0] for letter in letters] == ["format", "refused"]
    assert letters[0].fields["data"] == "{not json"
    assert letters[1].seq == 2**31 + 7
    assert sample(lifeline, "dead_letters_total", cause="format") == 1
    assert redis_client.xpending(stream_key(0), "recorder")["pending"] == 0


def test_sql_away_is_named_and_nothing_is_lost(
    tmp_path: Path,
    postgres_server: PostgresServer,
    postgres_url: str,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    name = make_url(postgres_url).database
    assert name is not None
    engine = connect(postgres_url)
    life = make_run(30)
    publish(redis_client, life.events[:10])
    with running(make_fleet_file(tmp_path, redis_server.url, postgres_url)) as lifeline:
        until(lambda: count_events(engine) == 10, "the first events in SQL")
        engine.dispose()
        postgres_server.refuse(name)
        publish(redis_client, life.events[10:20])
        until(lambda: sample(lifeline, "server_errors_total", server="sql") > 0, "SQL missed")
        assert not lifeline.is_ready
        publish(redis_client, life.events[20:])
        postgres_server.accept(name)
        until(lambda: count_events(engine) == 30, "all events in SQL")
        until(lambda: lifeline.is_ready, "ready again")
    assert find_damage(engine) == []
    engine.dispose()


def test_a_file_taken_away_is_named_and_nothing_is_lost(
    tmp_path: Path, sqlite_url: str, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    path, aside = tmp_path / "surveil.db", tmp_path / "aside.db"
    life = make_run(30)
    publish(redis_client, life.events[:10])
    with running(make_fleet_file(tmp_path, redis_server.url, sqlite_url)) as lifeline:
        until(
            lambda: read_committed(redis_client, [life.run]) == {life.run: 10}, "the first in SQL"
        )
        path.rename(aside)
        publish(redis_client, life.events[10:])
        until(lambda: sample(lifeline, "server_errors_total", server="sql") > 1, "SQL missed")
        assert not lifeline.is_ready
        assert read_committed(redis_client, [life.run]) == {life.run: 10}
        assert not path.exists()
        aside.rename(path)
        until(lambda: read_committed(redis_client, [life.run]) == {life.run: 30}, "all in SQL")
        until(lambda: lifeline.is_ready, "ready again")
    engine = connect(sqlite_url)
    assert count_events(engine) == 30
    assert find_damage(engine) == []
    engine.dispose()


def test_a_locked_table_is_named_while_it_is_locked(
    tmp_path: Path,
    database: sa.Engine,
    database_url: str,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    life = make_run(10)
    with running(make_fleet_file(tmp_path, redis_server.url, database_url)) as lifeline:
        until(lambda: lifeline.is_ready, "ready")
        with writing(database) as connection:
            if database.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE camera IN ACCESS EXCLUSIVE MODE"))
            publish(redis_client, life)
            until(lambda: not lifeline.is_ready, "not ready")
        until(lambda: count_events(database) == 10, "all events in SQL")
        until(lambda: lifeline.is_ready, "ready again")


def test_redis_away_is_named_and_recording_goes_on(
    tmp_path: Path, sqlite_url: str, own_redis_server: EmbeddedRedis
) -> None:
    engine = connect(sqlite_url)
    life = make_run(30)
    with connect_redis(own_redis_server.url) as client:
        publish(client, life.events[:10])
    with running(make_fleet_file(tmp_path, own_redis_server.url, sqlite_url)) as lifeline:
        until(lambda: count_events(engine) == 10, "the first events in SQL")
        own_redis_server.stop()
        until(lambda: sample(lifeline, "server_errors_total", server="redis") > 0, "Redis missed")
        own_redis_server.start()
        with connect_redis(own_redis_server.url) as client:
            publish(client, life)
        until(lambda: count_events(engine) == 30, "all events in SQL")
    assert find_damage(engine) == []
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_again_and_again_it_loses_and_doubles_nothing(
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    redis_server: EmbeddedRedis,
    redis_client: redis.Redis,
) -> None:
    database_url = request.getfixturevalue(f"{kind}_url")
    engine = connect(database_url)
    lives = [make_run(300, camera) for camera in ("lobby", "door")]
    total = 600
    publish(redis_client, [event for pair in zip(*lives, strict=True) for event in pair])
    fleet_path = make_fleet_file(tmp_path, redis_server.url, database_url)
    script = Path(__file__).with_name("recorder_process.py")
    for kill in range(4):
        before = count_events(engine)
        process = subprocess.Popen([sys.executable, str(script), str(fleet_path), "20"])
        try:
            if kill < 3:
                until(lambda: count_events(engine) > before, "progress")  # noqa: B023
                process.send_signal(signal.SIGKILL)
            else:
                until(lambda: count_events(engine) == total, "all events in SQL")
                process.send_signal(signal.SIGTERM)
                assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()
            process.wait()
    assert find_damage(engine) == []
    assert redis_client.xpending(stream_key(0), "recorder")["pending"] == 0
    runs = [life.run for life in lives]
    assert read_committed(redis_client, runs) == dict.fromkeys(runs, 300)
    engine.dispose()
