from __future__ import annotations

import pytest
import sqlalchemy as sa
from kit.events import CameraLife, make_vote

from surveil.domain import CameraState, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.integrity import CHECKS, check_schema
from surveil.store.rows import Lost


def check(database: sa.Engine) -> set[str]:
    with reading(database) as connection:
        return {finding.check for check in CHECKS for finding in check(connection)}


@pytest.fixture
def stored(database: sa.Engine) -> sa.Engine:
    life = CameraLife().says(0, CameraState.LIVE)
    for second in range(20):
        life.sees(second, second + 1, make_vote(1), make_vote(2))
    life.says(20, CameraState.OFFLINE, Reason.TIMEOUT)
    life.open("01B").says(90, CameraState.LIVE).sees(90, 91)
    with writing(database) as connection:
        write_batch(connection, life)
    return database


def test_what_was_ingested_is_in_order(stored: sa.Engine) -> None:
    assert check(stored) == set()
    with reading(stored) as connection:
        assert list(check_schema(connection)) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM interval WHERE seq = 5 AND run_id = '01A'", "runs"),
        ("DELETE FROM camera_event WHERE seq = 1", "runs"),
        ("UPDATE run SET last_seq = 30 WHERE id = '01A'", "runs"),
        ("UPDATE run_range SET last_seq = 7 WHERE run_id = '01A'", "runs"),
        ("UPDATE camera_event SET seq = 2 WHERE run_id = '01A' AND seq = 1", "runs"),
        ("DELETE FROM observation WHERE seq = 5 AND track_id = 1", "observations"),
        ("UPDATE track SET intervals = 3 WHERE track_id = 1", "tracks"),
        ("UPDATE timeline_1m SET votes = votes + 1 WHERE emotion = 'happy'", "rollups"),
        ("UPDATE timeline_1h SET score_sum = 0 WHERE emotion = 'sad'", "rollups"),
        ("UPDATE coverage_1m SET analysed_s = 2", "coverage"),
        ("UPDATE coverage_1h SET reason = 'weather' WHERE gap_s > 0", "coverage"),
        ("DELETE FROM gap", "gaps"),
    ],
)
def test_damage_is_found(stored: sa.Engine, damage: str, found: str) -> None:
    with writing(stored) as connection:
        assert connection.execute(sa.text(damage)).rowcount > 0
    assert found in check(stored)


def test_a_dead_letter_is_a_hole_that_is_named(database: sa.Engine) -> None:
    first, second, third = CameraLife().sees(0, 1).sees(1, 2).sees(2, 3).intervals
    with writing(database) as connection:
        written = write_batch(
            connection,
            [first, third],
            dead=[Lost(second.camera, second.run, second.seq, second.from_at)],
        )
    assert written.committed == {"01A": 3}
    assert check(database) == {"runs"}
