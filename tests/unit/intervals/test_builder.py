"""Intervals: exactly one per second, every frame in one of them, one vote per track."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import Box, Detection, Emotion, FrameCounts, IntervalEvent
from surveil.intervals.builder import IntervalBuilder
from surveil.intervals.readings import FaceReading

AT = datetime(2025, 1, 1, 12, tzinfo=UTC)
SIZE = (100, 50)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def builder(
    start_s: float = 0.0,
    *,
    interval_s: float = 1.0,
    grace_s: float = 0.5,
    hysteresis: float = 0.2,
    is_continued: bool = False,
) -> IntervalBuilder:
    return IntervalBuilder(
        "lobby",
        "RUN",
        interval_s=interval_s,
        grace_s=grace_s,
        hysteresis=hysteresis,
        model="m@1",
        start_at=after(start_s),
        is_continued=is_continued,
    )


def face(track_id: int = 1, happy: float = 0.8, box: Box = Box(10, 10, 30, 40)) -> FaceReading:  # noqa: B008
    rest = (1 - happy) / 6
    scores = tuple(happy if e is Emotion.HAPPY else rest for e in Emotion)
    return FaceReading(
        track_id, Detection(box, 0.99, np.zeros((5, 2), np.float32)), scores, Emotion.HAPPY
    )


def spans(events: Iterable[IntervalEvent]) -> list[tuple[float, float]]:
    return [((e.from_at - AT).total_seconds(), (e.to_at - AT).total_seconds()) for e in events]


def test_first_and_last_may_be_shorter_and_all_lie_on_the_grid() -> None:
    b = builder(0.3)
    events = b.close(after(2.6)) + b.end(after(3.25))
    assert spans(events) == [(0.3, 1), (1, 2), (2, 3), (3, 3.25)]


def test_live_camera_without_frames_or_faces_still_has_its_intervals() -> None:
    b = builder()
    b.add(1, after(0.5), SIZE, [])
    events = b.close(after(3.6))
    assert spans(events) == [(0, 1), (1, 2), (2, 3)]
    assert [e.frames.analysed for e in events] == [1, 0, 0]
    assert all(e.tracks == () for e in events)


def test_interval_stays_open_for_the_grace_unless_a_later_frame_has_come() -> None:
    b = builder(grace_s=0.5)
    b.add(1, after(0.9), SIZE, [])
    assert b.close(after(1.4)) == []
    b.add(2, after(1.1), SIZE, [])
    assert spans(b.close(after(1.4))) == [(0, 1)]
    assert spans(b.close(after(2.5))) == [(1, 2)]


@pytest.mark.parametrize("interval_s", [0.2, 0.5, 2.0, 5.0])
def test_other_lengths(interval_s: float) -> None:
    events = builder(interval_s=interval_s).close(after(10.5))
    assert all((e.to_at - e.from_at).total_seconds() == interval_s for e in events)
    assert all(a.to_at == b.from_at for a, b in pairwise(events))
    assert events[-1].to_at == after(10)


def test_a_track_has_one_vote_the_mean_of_its_scores() -> None:
    b = builder()
    b.add(1, after(0.1), SIZE, [face(happy=0.9, box=Box(0, 0, 10, 20))])
    b.add(2, after(0.3), SIZE, [face(happy=0.6, box=Box(50, 25, 80, 45)), face(7)])
    [event] = b.close(after(1.6))
    first, second = event.tracks
    assert (first.track_id, first.frames, second.track_id, second.frames) == (1, 2, 7, 1)
    assert first.emotion is Emotion.HAPPY
    assert first.confidence == pytest.approx(0.75)
    assert sum(first.scores) == pytest.approx(1, abs=1e-4)
    assert first.box == Box(0.5, 0.5, 0.8, 0.9)
    assert first.face_px == 15
    assert first.score == pytest.approx(0.99)


def test_the_box_is_of_the_frame_nearest_to_the_middle() -> None:
    b = builder()
    for index, (at_s, x1) in enumerate([(0.1, 0), (0.45, 20), (0.9, 60)], start=1):
        b.add(index, after(at_s), SIZE, [face(box=Box(x1, 10, x1 + 10, 20))])
    (event,) = b.end(after(1.0))
    assert event.tracks[0].box.xyxy == (0.2, 0.2, 0.3, 0.4)


def test_boxes_are_clipped_to_the_frame() -> None:
    b = builder()
    b.add(1, after(0.1), SIZE, [face(box=Box(-5, -5, 200, 60))])
    [event] = b.end(after(0.5))
    assert event.tracks[0].box == Box(0, 0, 1, 1)


def test_emotion_does_not_flicker_between_two_close_ones() -> None:
    b = builder(hysteresis=0.1)
    for second, happy in enumerate([0.6, 0.48, 0.2]):
        scores = [0.0] * 7
        scores[3], scores[6] = happy, 1 - happy
        reading = FaceReading(1, face().detection, tuple(scores), Emotion.HAPPY)
        b.add(second + 1, after(second + 0.5), SIZE, [reading])
    emotions = [e.tracks[0].emotion for e in b.end(after(3))]
    assert emotions == [Emotion.HAPPY, Emotion.HAPPY, Emotion.NEUTRAL]


def test_frames_that_were_never_taken_are_busy_in_the_interval_they_belong_to() -> None:
    b = builder()
    b.add(1, after(0.2), SIZE, [])
    b.add(11, after(2.2), SIZE, [])  # 2..10 at 0.4, 0.6, … 2.0
    first, second = b.close(after(2.3))
    [third] = b.end(after(2.9), sampled=13)
    assert first.frames == FrameCounts(sampled=5, analysed=1, busy=4)
    assert second.frames == FrameCounts(sampled=5, busy=5)
    assert third.frames == FrameCounts(sampled=3, analysed=1, busy=2)


def test_gated_frames_are_a_part_of_the_analysed() -> None:
    b = builder()
    b.add(1, after(0.1), SIZE, [face()])
    b.add(2, after(0.3), SIZE, [face()], is_gated=True)
    [event] = b.close(after(2))[:1]
    assert event.frames == FrameCounts(sampled=2, analysed=2, gated=1)
    assert event.tracks[0].frames == 2


def test_stale_frames_are_counted_where_they_belong() -> None:
    b = builder()
    b.drop(1, after(0.5), is_stale=True)
    b.drop(2, after(0.7), is_stale=False)
    [event] = b.close(after(1.5))
    assert event.frames == FrameCounts(sampled=2, stale=1, busy=1)


def test_frame_of_a_closed_interval_is_stale_in_the_open_one() -> None:
    b = builder(grace_s=0)
    assert len(b.close(after(1))) == 1
    b.add(1, after(0.9), SIZE, [face()])
    [event] = b.close(after(2))
    assert event.frames == FrameCounts(sampled=1, stale=1)
    assert event.tracks == ()


def test_captured_pictures_are_laid_over_the_time_since_the_last_look() -> None:
    b = builder(0.5)
    b.count(after(2.5), captured=50, decode=4)
    b.count(after(3.0), captured=62, decode=4)
    events = b.end(after(3.0))
    assert [(e.frames.captured, e.frames.decode) for e in events] == [(12, 1), (25, 2), (25, 1)]


def test_restarted_worker_does_not_tell_what_was_before() -> None:
    b = builder(10.4, is_continued=True)
    b.count(after(10.5), captured=1000, decode=10)
    b.add(60, after(10.6), SIZE, [])
    b.add(62, after(11.0), SIZE, [])
    b.count(after(11.0), captured=1012, decode=10)
    [event] = b.close(after(11.1))
    assert spans([event]) == [(10.4, 11)]
    assert event.frames == FrameCounts(captured=12, sampled=2, analysed=1, busy=1)


def test_first_frame_captured_before_live_was_announced_opens_the_run() -> None:
    b = builder(0.2)
    b.add(1, after(-0.1), SIZE, [])
    assert spans(b.end(after(0.5))) == [(-0.1, 0), (0, 0.5)]


def test_run_that_ends_on_the_border_with_a_frame_tells_it() -> None:
    b = builder()
    b.add(1, after(1.0), SIZE, [])
    events = b.end(after(1.0))
    assert sum(e.frames.analysed for e in events) == 1
    assert builder().end(AT) == []


def test_long_standstill_is_left_as_a_hole() -> None:
    b = builder()
    b.add(1, after(0.5), SIZE, [])
    events = b.close(after(1.5))
    b.add(2, after(7200.5), SIZE, [])
    events += b.close(after(7201.5))
    assert spans(events) == [(0, 1), (7200, 7201)]


def test_analysed_frames_are_told_however_far_apart_they_are() -> None:
    b = builder(grace_s=0.0)
    hours = range(3)
    for index, hour in enumerate(hours, start=1):
        b.add(index, after(3600 * hour), SIZE, [face()])
    events = b.close(after(7200)) + b.end(after(7200.2))
    assert spans(events) == [(0, 1), (3600, 3601), (7200, 7200.2)]
    assert [(e.frames.sampled, e.frames.analysed, len(e.tracks)) for e in events] == [(1, 1, 1)] * 3


def test_a_short_silence_is_told_interval_by_interval() -> None:
    b = builder()
    b.add(1, after(0.5), SIZE, [])
    b.add(2, after(60.5), SIZE, [])
    events = b.end(after(61))
    assert len(events) == 61
    assert [e.frames.sampled for e in events] == [1] + [0] * 59 + [1]


def test_counters_of_a_long_silence_go_to_the_interval_after_it() -> None:
    b = builder()
    b.add(1, after(0.5), SIZE, [])
    b.add(12, after(600.5), SIZE, [])
    b.count(after(601), captured=60, decode=0)
    events = b.end(after(601))
    assert spans(events) == [(0, 1), (600, 601)]
    assert events[1].frames.busy == 10
    assert sum(e.frames.captured for e in events) == 60


def test_ten_years_of_silence_cost_no_interval() -> None:
    years_s = 10 * 365 * 86400
    b = builder(interval_s=0.2)
    b.add(1, after(0.05), SIZE, [])
    b.add(4, after(years_s), SIZE, [])  # two were passed over
    b.count(after(years_s), captured=7, decode=1)
    events = b.end(after(years_s + 0.1))
    assert len(events) == 2
    assert [e.frames.analysed for e in events] == [1, 1]
    assert sum(e.frames.busy for e in events) == 2
    assert sum(e.frames.captured for e in events) == 7


fates = st.sampled_from(["analysed", "stale", "failed", "missed"])


@given(
    frames=st.lists(st.tuples(st.floats(0.001, 1.7), fates), max_size=60),
    lag_s=st.floats(0, 3),
    tail=st.integers(0, 5),
    start_s=st.floats(-2, 2),
    close_every=st.integers(1, 7),
)
def test_every_sampled_frame_is_in_exactly_one_interval(
    frames: list[tuple[float, str]], lag_s: float, tail: int, start_s: float, close_every: int
) -> None:
    b = builder(start_s)
    at_s = start_s
    analysed = 0
    events: list[IntervalEvent] = []
    for index, (step_s, fate) in enumerate(frames, start=1):
        at_s += step_s
        if fate == "analysed":
            b.add(index, after(at_s), SIZE, [face()])
            analysed += 1
        elif fate != "missed":
            b.drop(index, after(at_s), is_stale=fate == "stale")
        b.count(after(at_s), captured=index * 5, decode=index)
        if index % close_every == 0:
            events += b.close(after(at_s + lag_s))
    sampled = len(frames) + tail
    b.count(after(at_s + 1.0), captured=sampled * 5, decode=len(frames))
    events += b.end(after(at_s + 1.0), sampled=sampled)
    for event in events:
        counts = event.frames
        assert counts.sampled == counts.analysed + counts.stale + counts.busy
        assert event.from_at < event.to_at
    assert sum(e.frames.sampled for e in events) == sampled
    assert sum(e.frames.captured for e in events) == sampled * 5
    assert sum(e.frames.decode for e in events) == len(frames)
    assert sum(e.frames.analysed for e in events) <= analysed
    assert all(a.to_at == b.from_at for a, b in pairwise(events))
    assert all(e.from_at.microsecond == 0 for e in events[1:])
