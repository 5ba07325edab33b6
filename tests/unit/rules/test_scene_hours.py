"""Hours of scenes: as SQL would sum the events of the same scenes up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveil.domain import EMOTIONS, Emotion
from surveil.rules.baselines import Lookback
from surveil.rules.scene_hours import SceneBaselines
from surveil.rules.scenes import parse_scenes

NOON_AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = Lookback(86400.0)


def test_scenes_are_divided_into_hours() -> None:
    baselines = SceneBaselines(2.0)
    scenes = parse_scenes("2 angry@0.7 x 90m; unseen x 30m; nobody x 1h; away x 8h")
    baselines.add("lobby", scenes, NOON_AT)

    one = baselines.find("lobby", DAY, NOON_AT + timedelta(hours=2))  # of 12:00 and before
    all_ = baselines.find("lobby", DAY, NOON_AT + timedelta(hours=9))

    assert one is not None
    assert all_ is not None
    assert one.votes[EMOTIONS.index(Emotion.ANGRY)] == 2 * 1800
    assert one.score_sums[EMOTIONS.index(Emotion.ANGRY)] == pytest.approx(0.7 * 3600)
    assert one.analysed_s == 3600
    assert sum(all_.votes) == 2 * 2700
    assert all_.analysed_s == 5400 + 3600


def test_what_was_before_ends_where_the_test_begins() -> None:
    baselines = SceneBaselines(1.0)
    baselines.add_before("lobby", parse_scenes("1 happy x 3h"), NOON_AT)

    before = baselines.find("lobby", DAY, NOON_AT)
    after = baselines.find("lobby", DAY, NOON_AT + timedelta(hours=2))
    other = baselines.find("hall", DAY, NOON_AT)

    assert (before and before.analysed_s, after and after.analysed_s) == (7200, 10800)
    assert other is not None
    assert (other.coverage, sum(other.votes)) == (0.0, 0)
