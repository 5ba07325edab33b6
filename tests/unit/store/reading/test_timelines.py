from __future__ import annotations

from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa
from kit.events import START_AT, CameraLife, after, make_vote

from surveil.domain import EMOTIONS, CameraState, Emotion, Reason
from surveil.errors import ConfigError
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.reading import Bucket, read_timeline, timelines
from surveil.store.reading.buckets import bucket_edges
from surveil.store.scope import Scope
from surveil.store.tables import camera

HAPPY, SAD = EMOTIONS.index(Emotion.HAPPY), EMOTIONS.index(Emotion.SAD)


@pytest.fixture
def stored(database: sa.Engine) -> sa.Engine:
    """Ten minutes: seen, empty, two minutes offline, seen; in two runs."""
    life = CameraLife().says(0, CameraState.LIVE)
    for second in range(130):
        life.sees(second, second + 1, make_vote(1, Emotion.HAPPY if second % 4 else Emotion.SAD))
    for second in range(130, 250):
        life.sees(second, second + 1)
    life.says(251, CameraState.OFFLINE, Reason.STREAM_BROKEN)
    life.open("01B").says(370, CameraState.LIVE)
    for second in range(370, 600):
        life.sees(second, second + 1, make_vote(1), make_vote(2, Emotion.ANGRY))
    with writing(database) as connection:
        write_batch(connection, life)
    return database


def read(
    database: sa.Engine, since_s: float, until_s: float, bucket_s: int, now_s: float = 10_000.0
) -> list[Bucket]:
    edges = bucket_edges(after(since_s), after(until_s), bucket_s, UTC)
    with reading(database) as connection:
        return read_timeline(connection, Scope.all(), "lobby", edges, after(now_s))


def test_values_come_with_their_coverage(stored: sa.Engine) -> None:
    seen, empty, dark = (read(stored, s, s + 60, 60)[0] for s in (10, 190, 310))
    assert (seen.coverage, seen.reason, seen.all_votes) == (1.0, None, 60)
    assert seen.shares[HAPPY] == 0.75
    assert seen.shares[SAD] == 0.25
    assert seen.confidences[HAPPY] == pytest.approx(0.7, abs=1e-6)
    assert seen.scores[HAPPY] == pytest.approx(0.75 * 0.7 + 0.25 * 0.05, abs=1e-6)
    assert (empty.coverage, empty.reason, empty.all_votes) == (1.0, None, 0)
    assert set(empty.shares) == {None}
    assert (dark.coverage, dark.reason, dark.all_votes) == (0.0, "stream-broken", 0)


@pytest.mark.parametrize("bucket_s", [60, 120, 300, 3600])
def test_rollups_and_raw_rows_say_the_same(
    stored: sa.Engine, bucket_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_rollup = read(stored, 0, 600, bucket_s)
    monkeypatch.setattr(timelines, "TIMELINES", {})
    assert read(stored, 0, 600, bucket_s) == by_rollup


def test_small_buckets_sum_up_to_large_ones(stored: sa.Engine) -> None:
    large, small = read(stored, 10, 130, 120), read(stored, 10, 130, 7)
    assert sum(one.all_votes for one in large) == 120
    inside = [one for one in small if one.from_at >= after(10) and one.to_at <= after(130)]
    assert sum(one.analysed_s for one in inside) == sum(
        (one.to_at - one.from_at).total_seconds() for one in inside
    )


def test_the_bucket_that_is_not_over_ends_now(stored: sa.Engine) -> None:
    one = read(stored, 550, 600, 60, now_s=600)[-1]
    assert one.to_at == after(600)
    assert one.coverage == 1.0


@pytest.mark.parametrize("state", [CameraState.CONNECTING, CameraState.LIVE])
def test_silence_while_inference_starts_is_called_so(
    database: sa.Engine, state: CameraState
) -> None:
    with writing(database) as connection:
        write_batch(connection, CameraLife().says(0, state, Reason.STARTING))
    assert read(database, 10, 70, 60)[0].reason == "starting"


def test_silence_after_the_last_event_is_no_coverage(stored: sa.Engine) -> None:
    silent = read(stored, 610, 670, 60)[0]
    assert (silent.coverage, silent.reason) == (0.0, "no-data")
    before = read(stored, -600, -540, 60)[0]
    assert (before.coverage, before.reason) == (0.0, "no-data")


def test_an_open_outage_is_named(database: sa.Engine) -> None:
    life = CameraLife().says(0, CameraState.LIVE).sees(0, 1)
    life.says(1, CameraState.OFFLINE, Reason.AUTH_FAILED).says(2, CameraState.CONNECTING)
    with writing(database) as connection:
        write_batch(connection, life)
    assert read(database, 100, 160, 60)[0].reason == "auth-failed"


def test_seconds_deleted_by_retention_are_refused_not_shown_as_empty(stored: sa.Engine) -> None:
    with writing(stored) as connection:
        connection.execute(sa.update(camera).values(kept_from_at=START_AT + timedelta(days=1)))
    assert read(stored, 10, 70, 60)[0].all_votes == 60
    with pytest.raises(ConfigError, match="whole minutes"):
        read(stored, 10, 70, 10)


def test_an_unknown_camera_is_an_error(database: sa.Engine) -> None:
    with pytest.raises(ConfigError, match="lobby"):
        read(database, 0, 60, 60)
