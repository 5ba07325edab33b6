from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.domain import CameraState, Emotion, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import alert, coverage_1h, coverage_1m, gap

COLUMNS = {
    "v_timeline": "camera bucket_at emotion votes share mean_score mean_confidence coverage",
    "v_coverage": "camera bucket_at coverage analysed_s gap_s reason faces frames_captured "
    "frames_sampled frames_analysed frames_dropped frames_gated",
    "v_alerts": "id rule key state severity summary value since_at fired_at resolved_at "
    "updated_at labels annotations camera_id acknowledged_at acknowledged_by verdict",
}


@pytest.mark.parametrize("view", COLUMNS)
def test_columns_are_the_users_interface(database: sa.Engine, view: str) -> None:
    with reading(database) as connection:
        result = connection.execute(sa.text(f"SELECT * FROM {view}"))
        assert list(result.keys()) == COLUMNS[view].split()


def test_shares_and_means_with_coverage(database: sa.Engine) -> None:
    life = CameraLife().says(0, CameraState.LIVE)
    for second in range(10, 40):
        life.sees(
            second, second + 1, make_vote(1, Emotion.SAD if second < 20 else Emotion.HAPPY, 0.75)
        )
    life.says(40, CameraState.OFFLINE, Reason.TIMEOUT).says(70, CameraState.CONNECTING)
    with writing(database) as connection:
        write_batch(connection, life)
    with reading(database) as connection:
        rows = connection.execute(
            sa.text("SELECT * FROM v_timeline WHERE votes > 0 ORDER BY emotion")
        ).all()
        nobody = connection.execute(
            sa.text("SELECT share, mean_score, mean_confidence FROM v_timeline WHERE coverage = 0")
        ).all()
        dark = connection.execute(
            sa.text("SELECT coverage, analysed_s, gap_s, reason FROM v_coverage ORDER BY bucket_at")
        ).all()
    assert [(r.emotion, r.votes, r.coverage) for r in rows] == [
        ("happy", 20, 0.5),
        ("sad", 10, 0.5),
    ]
    assert [float(r.share) for r in rows] == pytest.approx([2 / 3, 1 / 3])
    assert rows[1].mean_confidence == 0.75
    assert len(nobody) == 7
    assert set(nobody) == {(None, None, None)}
    assert [tuple(row) for row in dark] == [
        (0.0, 0.0, 10.0, "worker-lost"),
        (0.5, 30.0, 30.0, "timeout"),
    ]


def test_coverage_shows_the_frames_that_a_gate_spared(database: sa.Engine) -> None:
    life = CameraLife().sees(20, 21, gated=3).sees(21, 22, gated=2)
    with writing(database) as connection:
        write_batch(connection, life)
    with reading(database) as connection:
        row = connection.execute(sa.text("SELECT * FROM v_coverage")).one()
        hour = connection.execute(sa.text("SELECT gated FROM coverage_1h")).scalar_one()
    assert (row.frames_analysed, row.frames_gated, row.analysed_s) == (10, 5, 2.0)
    assert hour == 5


def test_alerts_show_severity_and_summary(database: sa.Engine) -> None:
    with writing(database) as connection:
        connection.execute(
            sa.insert(alert).values(
                id="01A",
                rule="anger",
                key="lobby",
                state="firing",
                labels={"severity": "warning"},
                annotations={"summary": "lobby: 50% angry"},
                since_at=after(0),
                fired_at=after(1),
                updated_at=after(1),
            )
        )
    with reading(database) as connection:
        row = connection.execute(sa.text("SELECT severity, summary, state FROM v_alerts")).one()
    assert tuple(row) == ("warning", "lobby: 50% angry", "firing")


def read_coverage(database: sa.Engine) -> Sequence[sa.Row[Any]]:
    query = "SELECT bucket_at, coverage, gap_s, reason FROM v_coverage ORDER BY bucket_at"
    with reading(database) as connection:
        return connection.execute(sa.text(query)).all()


@pytest.mark.parametrize("offset_s", [0, 10, 9.999999, 10.000001, 69.9999])
def test_each_minute_of_a_gap_is_shown(database: sa.Engine, offset_s: float) -> None:
    life = CameraLife().sees(offset_s - 1, offset_s)
    life.open("01B").sees(offset_s + 7205.5, offset_s + 7206)
    with writing(database) as connection:
        write_batch(connection, life)
    rows = read_coverage(database)

    minutes = [str(row.bucket_at)[:16] for row in rows]
    first_at = after(offset_s - 1).replace(second=0, microsecond=0)
    count = (after(offset_s + 7205.9) - first_at) // timedelta(minutes=1) + 1
    assert minutes == [f"{first_at + timedelta(minutes=i):%Y-%m-%d %H:%M}" for i in range(count)]
    assert {row.reason for row in rows[1:-1]} == {"worker-lost"}
    assert sum(float(row.gap_s) for row in rows) == pytest.approx(7205.5, abs=1e-4)
    with reading(database) as connection:
        timeline = connection.execute(sa.text("SELECT coverage FROM v_timeline")).all()
    assert len(timeline) == 7 * len(rows)


def test_a_gap_costs_the_same_however_long_it_is(database: sa.Engine) -> None:
    counts = []
    for number, days in enumerate((1, 399)):
        life = CameraLife(f"camera-{days}", f"01{number}A").sees(0, 1)
        life.open(f"01{number}B").sees(days * 86400, days * 86400 + 1)
        with writing(database) as connection:
            write_batch(connection, life)
        with reading(database) as connection:
            counts.append(
                [
                    connection.scalar(
                        sa.select(sa.func.count())
                        .select_from(table)
                        .where(table.c.camera_id == life.camera)
                    )
                    for table in (gap, coverage_1m, coverage_1h)
                ]
            )
    assert counts == [[1, 2, 2]] * 2
