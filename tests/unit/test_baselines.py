"""What is usual, from SQL: read once, ahead of its hour, and unknown while SQL is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from surveil.baselines import SqlBaselines
from surveil.domain import EMOTIONS, Emotion
from surveil.errors import UnavailableError
from surveil.rules.baselines import Lookback
from surveil.rules.model import Rule
from surveil.rules.scenes import parse_scenes, play_scenes
from surveil.store import migrate
from surveil.store.engine import Database, connect, writing
from surveil.store.ingest import write_batch
from surveil.store.reading.hours import read_hours

START_AT = datetime(2026, 3, 2, tzinfo=UTC)
RULE = Rule.model_validate(
    {
        "name": "unusual",
        "when": {
            "change": {
                "of": "faces",
                "over": "5m",
                "baseline": "1d",
                "as": "ratio",
            },
            "above": 2,
        },
    }
)
DAY = Lookback(86400.0)
CAMERAS = {"hall": dict[str, str](), "lobby": dict[str, str]()}
ANGRY, NEUTRAL = EMOTIONS.index(Emotion.ANGRY), EMOTIONS.index(Emotion.NEUTRAL)


def fail(error: UnavailableError) -> None:
    raise error


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path}/history.db")
    migrate.upgrade(database)
    scenes = parse_scenes("2 neutral x 12h; unseen x 4h; 1 angry x 14h")
    events = list(play_scenes("lobby", scenes, START_AT, 60.0))
    for first in range(0, len(events), 500):
        with writing(database) as connection:
            write_batch(connection, events[first : first + 500])
    yield database
    database.dispose()


def test_sums_are_those_of_the_hours_and_say_how_much_was_seen(database: Database) -> None:
    found = SqlBaselines(database, [RULE], CAMERAS, fail).find(
        "lobby", DAY, START_AT + timedelta(hours=25)
    )

    assert found is not None
    assert (found.votes[NEUTRAL], found.votes[ANGRY]) == (2 * 12 * 60, 8 * 60)
    assert found.coverage == pytest.approx(20 / 24)
    assert sum(found.score_sums) == pytest.approx(sum(found.votes), abs=0.01)


def test_another_camera_has_nothing_and_says_so(database: Database) -> None:
    found = SqlBaselines(database, [RULE], CAMERAS, fail).find(
        "hall", DAY, START_AT + timedelta(hours=25)
    )

    assert found is not None
    assert found.coverage == 0.0


def test_each_is_read_once_and_ahead_of_its_hour(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counting(connection: Any, scope: Any, camera: str, hours: Any) -> Any:
        read.append(camera)
        return read_hours(connection, scope, camera, hours)

    monkeypatch.setattr("surveil.baselines.read_hours", counting)
    baselines = SqlBaselines(database, [RULE], CAMERAS, fail)
    half_past = START_AT + timedelta(hours=24, minutes=30)
    baselines.prepare(half_past)
    assert len(read) == 1
    for _ in range(5):
        baselines.prepare(half_past)
    assert sorted(read) == ["hall", "lobby"]

    for _ in range(3):
        assert baselines.find("lobby", DAY, START_AT + timedelta(hours=25)) is not None
    assert len(read) == 2


def test_only_so_many_are_held(database: Database) -> None:
    baselines = SqlBaselines(database, [RULE], CAMERAS, fail)

    for hour in range(30):
        baselines.find("lobby", DAY, START_AT + timedelta(hours=hour))

    assert len(baselines._held) == 8


def test_while_sql_is_away_nothing_is_known_and_it_is_not_asked_at_each_event(
    database: Database, tmp_path: Path
) -> None:
    missed: list[UnavailableError] = []
    baselines = SqlBaselines(database, [RULE], CAMERAS, missed.append)
    (tmp_path / "history.db").rename(tmp_path / "elsewhere.db")

    for _ in range(100):
        assert baselines.find("lobby", DAY, START_AT) is None

    assert len(missed) == 1
