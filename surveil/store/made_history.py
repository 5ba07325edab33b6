"""A made-up history in SQLite, for measurements of what reads a long one.

Rows go in by the driver: a week of twenty cameras is twelve million, which the recorder's way of
storing would take half an hour for. Sums of scores in the rollups are left at what votes alone say.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa

from surveil.domain import EMOTIONS, GRID, Emotion
from surveil.store.types import format_sqlite

MODEL = "emotion-resnet18@0123456"
DAY_MINUTES = 1440
_MOODS = (Emotion.NEUTRAL,) * 70 + (Emotion.HAPPY,) * 20 + (Emotion.SAD,) * 6 + (
    *(Emotion.SURPRISE,) * 2,
    Emotion.ANGRY,
    Emotion.FEAR,
)  # fmt: skip
_CONFIDENCE = round(0.85 / GRID) * GRID
_REST = round(0.025 / GRID) * GRID
_SCORES = {
    mood: tuple(_CONFIDENCE if each is mood else _REST for each in EMOTIONS) for mood in EMOTIONS
}
_INTERVAL = """
INSERT INTO interval (run_id, seq, camera_id, from_at, to_at, faces, model_id, captured, sampled,
                      analysed, gated, dropped, dropped_stale, dropped_busy, dropped_decode)
VALUES (?, ?, ?, ?, ?, ?, ?, 25, 5, 5, 0, 0, 0, 0, 0)"""
_OBSERVATION = """
INSERT INTO observation (run_id, seq, track_id, camera_id, observed_at, emotion, angry, disgust,
                         fear, happy, sad, surprise, neutral, confidence, frames, x1, y1, x2, y2,
                         score, face_px)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 5, 0.1, 0.1, 0.2, 0.2, 0.99, 80)"""
_TIMELINE = """
INSERT INTO timeline_1m (camera_id, bucket_at, emotion, votes, score_sum, confidence_sum)
VALUES (?, ?, ?, ?, ?, ?)"""
_COVERAGE = """
INSERT INTO coverage_1m (camera_id, bucket_at, faces, intervals, captured, sampled, analysed, gated,
                         dropped, analysed_s, gap_s)
VALUES (?, ?, ?, 60, 1500, 300, 300, 0, 0, 60.0, 0.0)"""


def make_history(
    connection: sa.Connection, cameras: list[str], from_at: datetime, days: int, *, seed: int = 1
) -> Iterator[int]:
    """Fill an empty SQLite database, an interval a second; yield the rows written of each day.

    By day somebody is in the picture for a third of the time, one to four faces, mostly neutral; by
    night for 2%. Twice a day three or more are angry for a minute or two.

    Args:
        connection: In a transaction that may write, of the schema of the head.
        cameras: Ids.
        from_at: Start, a UTC midnight.
        days: How many.
        seed: Of what happens.
    """
    random = Random(seed)  # noqa: S311  (no secret is made of it)
    driver = connection.exec_driver_sql
    until_at = from_at + timedelta(days=days)
    first, last = format_sqlite(from_at), format_sqlite(until_at)
    driver("INSERT INTO model VALUES (?,?,?,?)", (MODEL, "emotion-resnet18", "0123456", first))
    for camera in cameras:
        driver(
            "INSERT INTO camera (id, first_seen_at, last_seen_at) VALUES (?,?,?)",
            (camera, first, last),
        )
        driver(
            "INSERT INTO run (id, camera_id, started_at, last_seq) VALUES (?,?,?,?)",
            (f"run-{camera}", camera, first, days * 86400),
        )
    for day in range(days):
        day_at = from_at + timedelta(days=day)
        instants = [format_sqlite(day_at + timedelta(seconds=second)) for second in range(86401)]
        yield sum(_fill_day(connection, camera, day, instants, random) for camera in cameras)


def _fill_day(
    connection: sa.Connection, camera: str, day: int, instants: list[str], random: Random
) -> int:
    run, seq = f"run-{camera}", day * 86400
    angry = set(random.sample(range(8 * 60, 20 * 60), 2))
    intervals: list[tuple[object, ...]] = []
    observations: list[tuple[object, ...]] = []
    timeline: list[tuple[object, ...]] = []
    coverage: list[tuple[object, ...]] = []
    for minute in range(DAY_MINUTES):
        begin = minute * 60
        is_day = 8 * 60 <= minute < 20 * 60
        faces = 0
        if minute in angry:
            faces = random.randint(3, 4)
        elif random.random() < (0.33 if is_day else 0.02):
            faces = random.choice((1, 1, 2, 2, 3, 4))
        coverage.append((camera, instants[begin], faces * 60))
        votes = dict.fromkeys(EMOTIONS, 0)
        moods = [random.choice(_MOODS) for _ in range(faces)]
        for second in range(begin, begin + 60):
            seq += 1
            at = instants[second]
            intervals.append((run, seq, camera, at, instants[second + 1], faces, MODEL))
            for place in range(faces):
                if random.random() < 0.05:
                    moods[place] = random.choice(_MOODS)
                mood = Emotion.ANGRY if minute in angry else moods[place]
                votes[mood] += 1
                observations.append(
                    (
                        *(run, seq, (day * 1440 + minute) * 4 + place, camera, at, mood.value),
                        *(*_SCORES[mood], _CONFIDENCE),
                    )
                )
        if faces:
            timeline += [
                (camera, instants[begin], mood.value, count, count * _CONFIDENCE, count * 0.85)
                for mood, count in votes.items()
            ]
    for statement, rows in (
        (_INTERVAL, intervals),
        (_OBSERVATION, observations),
        (_TIMELINE, timeline),
        (_COVERAGE, coverage),
    ):
        if rows:
            connection.exec_driver_sql(statement, rows)
    return len(intervals) + len(observations)
