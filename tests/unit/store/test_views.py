from __future__ import annotations

import pytest
import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.domain import CameraState, Emotion, Reason
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import alert

COLUMNS = {
    "v_timeline": "camera bucket_at emotion votes share mean_score mean_confidence coverage",
    "v_coverage": "camera bucket_at coverage analysed_s gap_s reason faces frames_captured "
    "frames_sampled frames_analysed frames_dropped frames_gated",
    "v_alerts": "id rule key state severity summary value since_at fired_at resolved_at "
    "updated_at labels annotations camera_id",
}


@pytest.mark.parametrize("view", COLUMNS)
def test_columns_are_the_users_interface(database, view):
    with reading(database) as connection:
        result = connection.execute(sa.text(f"SELECT * FROM {view}"))
        assert list(result.keys()) == COLUMNS[view].split()


def test_shares_and_means_with_coverage(database):
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


def test_coverage_shows_the_frames_that_a_gate_spared(database):
    life = CameraLife().sees(20, 21, gated=3).sees(21, 22, gated=2)
    with writing(database) as connection:
        write_batch(connection, life)
    with reading(database) as connection:
        row = connection.execute(sa.text("SELECT * FROM v_coverage")).one()
        hour = connection.execute(sa.text("SELECT gated FROM coverage_1h")).scalar_one()
    assert (row.frames_analysed, row.frames_gated, row.analysed_s) == (10, 5, 2.0)
    assert hour == 5


def test_alerts_show_severity_and_summary(database):
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
