"""What a tracker promises, on faces whose way is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.faces import FRAME_SIZE, WIDTH, face_at

from surveil.domain import Detection
from surveil.track import TrackedFace, Tracker, TrackerOptions

STEP_S = 0.2

Way = Callable[[float], tuple[float, float] | None]
"""Where a face is at a time, or ``None`` while it is hidden."""


class Camera:
    """A tracker that is told the size of the frames each time, or never."""

    def __init__(self, frame_size: tuple[int, int] | None, *, first_id: int = 1) -> None:
        self.tracker = Tracker(first_id=first_id)
        self.frame_size = frame_size

    def update(self, detections: list[Detection], at_s: float) -> list[TrackedFace]:
        return self.tracker.update(detections, at_s, frame_size=self.frame_size)

    @property
    def last_id(self) -> int:
        return self.tracker.last_id


def run(tracker: Camera, ways: Sequence[Way], seconds: float, size: float = 80) -> list[list[int]]:
    """Return, for each way, the identities it was given from frame to frame."""
    ids: list[list[int]] = [[] for _ in ways]
    for step in range(round(seconds / STEP_S)):
        at_s = step * STEP_S
        places = {n: place for n, way in enumerate(ways) if (place := way(at_s)) is not None}
        detections = {n: face_at(*place, size) for n, place in places.items()}
        for face in tracker.update(list(detections.values()), at_s):
            (number,) = [n for n, one in detections.items() if one is face.detection]
            ids[number].append(face.track_id)
    return ids


def ids_of(faces: list[TrackedFace]) -> list[int]:
    return [face.track_id for face in faces]


@pytest.fixture(params=[FRAME_SIZE, None], ids=["frame size", "no frame size"])
def tracker(request: pytest.FixtureRequest) -> Camera:
    return Camera(request.param)


def test_face_is_a_track_from_its_second_sight_on(tracker: Camera) -> None:
    face = face_at(300, 300, 80)
    assert tracker.update([face], 0.0) == []
    assert tracker.last_id == 0
    (second,) = tracker.update([face], 0.2)
    (third,) = tracker.update([face], 0.4)
    assert (second.track_id, second.is_new) == (1, True)
    assert (third.track_id, third.is_new) == (1, False)
    assert third.detection is face


def test_face_of_the_only_frame_is_a_track_at_the_end(tracker: Camera) -> None:
    face, unsure = face_at(300, 300, 80), face_at(600, 300, 80, score=0.8)
    assert tracker.update([unsure, face], 7.0) == []
    (found,) = tracker.tracker.end()
    assert (found.track_id, found.is_new) == (1, True)
    assert found.detection is face


def test_run_that_ends_before_a_second_sight_gives_out_who_came_last(tracker: Camera) -> None:
    known = face_at(300, 300, 80)
    for at_s in (0.0, 0.2):
        tracker.update([known], at_s)
    assert ids_of(tracker.update([known, face_at(700, 300, 80)], 0.4)) == [1]
    assert ids_of(tracker.tracker.end()) == [2]


@pytest.mark.parametrize("length_s", [1.0, 60.0])
def test_longer_run_ends_without_what_was_seen_once(tracker: Camera, length_s: float) -> None:
    tracker.update([], 0.0)
    tracker.update([face_at(300, 300, 80)], length_s)
    assert tracker.tracker.end() == []


def test_run_without_faces_or_frames_ends_with_none(tracker: Camera) -> None:
    assert tracker.tracker.end() == []
    tracker.update([face_at(300, 300, 80)], 0.0)
    tracker.update([], 0.2)
    assert tracker.tracker.end() == []


def test_false_detections_take_no_identity(tracker: Camera) -> None:
    for second in range(10):
        assert tracker.update([face_at(100 + 100 * second, 300, 60)], second * 2) == []
        assert tracker.update([], second * 2 + 1.1) == []
    assert tracker.last_id == 0


def test_detections_below_the_start_score_go_on_but_do_not_start(tracker: Camera) -> None:
    for step in range(5):
        assert tracker.update([face_at(300, 300, 80, score=0.8)], step * STEP_S) == []
    tracker.update([face_at(300, 300, 80)], 1.0)
    assert ids_of(tracker.update([face_at(302, 300, 80, score=0.75)], 1.2)) == [1]


def test_sure_detections_choose_first(tracker: Camera) -> None:
    for step in range(3):
        tracker.update([face_at(300, 300, 80)], step * STEP_S)
    false, sure = face_at(300, 301, 80, score=0.75), face_at(310, 300, 80)
    (face,) = tracker.update([false, sure], 0.6)
    assert face.detection is sure


@pytest.mark.parametrize("px_per_s", [0, 100, 300])
def test_survives_a_second_of_occlusion(tracker: Camera, px_per_s: float) -> None:
    def way(at_s: float) -> tuple[float, float] | None:
        return None if 1.0 < at_s < 2.0 else (200 + px_per_s * at_s, 300)

    (ids,) = run(tracker, [way], 3)
    assert set(ids) == {1}
    assert len(ids) == 15 - 5


def test_survives_every_other_detection_missed(tracker: Camera) -> None:
    (ids,) = run(tracker, [lambda t: (200 + 100 * t, 300) if round(t * 5) % 2 else None], 6)
    assert set(ids) == {1}


def test_gone_for_longer_is_a_new_track(tracker: Camera) -> None:
    (ids,) = run(tracker, [lambda t: None if 1 < t < 4 else (300, 300)], 6)
    assert list(dict.fromkeys(ids)) == [1, 2]


@pytest.mark.parametrize("hidden_px", [0, 50, 90])
@pytest.mark.parametrize("px_per_s", [60, 150, 350])
@pytest.mark.parametrize("apart_px", [0, 15])
def test_passing_faces_keep_their_identities(
    tracker: Camera, px_per_s: float, hidden_px: float, apart_px: float
) -> None:
    def near(at_s: float) -> tuple[float, float]:
        return 640 - px_per_s * (at_s - 2), 300

    def far(at_s: float) -> tuple[float, float] | None:
        x = 640 + px_per_s * (at_s - 2.05)
        return None if abs(x - near(at_s)[0]) < hidden_px else (x, 300 + apart_px)

    ids = run(tracker, [near, far], 4)
    assert [set(own) for own in ids] in ([{1}, {2}], [{2}, {1}])


def test_overtaking_faces_keep_their_identities(tracker: Camera) -> None:
    def fast(at_s: float) -> tuple[float, float]:
        return 100 + 220 * at_s, 310

    def slow(at_s: float) -> tuple[float, float] | None:
        x = 350 + 90 * at_s
        return None if abs(x - fast(at_s)[0]) < 50 else (x, 300)

    ids = run(tracker, [fast, slow], 4)
    assert sorted(set(own).pop() for own in ids if len(set(own)) == 1) == [1, 2]


def test_somebody_who_runs_in_is_one_track(tracker: Camera) -> None:
    """Two and a half widths of the face from frame to frame, then a sudden stop."""
    (ids,) = run(tracker, [lambda t: (min(40 + 600 * t, 900), 300)], 3)
    assert set(ids) == {1}
    assert len(ids) == 14


def test_somebody_who_sets_off_at_once_is_one_track(tracker: Camera) -> None:
    (ids,) = run(tracker, [lambda t: (600 + 450 * max(t - 1.5, 0), 300)], 2.9)
    assert set(ids) == {1}


def test_newcomer_who_hides_another_is_another() -> None:
    """The one who stands is not seen just when a newcomer appears beside; then both are."""

    def standing(at_s: float) -> tuple[float, float] | None:
        return None if 1.9 < at_s < 2.5 else (210, 300)

    def newcomer(at_s: float) -> tuple[float, float] | None:
        return (110 + 660 * (at_s - 2), 300) if at_s > 1.99 else None

    ids = run(Camera(FRAME_SIZE), [standing, newcomer], 3.6)
    assert [set(own) for own in ids] == [{1}, {2}]


def test_who_leaves_is_not_who_comes_in_there() -> None:
    def leaving(at_s: float) -> tuple[float, float] | None:
        return (300 - 260 * at_s, 300) if at_s < 1.3 else None

    def coming(at_s: float) -> tuple[float, float] | None:
        return (40 + 260 * (at_s - 2.4), 300) if at_s >= 2.4 else None

    ids = run(Camera(FRAME_SIZE), [leaving, coming], 4)
    assert [set(own) for own in ids] == [{1}, {2}]


def test_faces_of_another_size_are_others(tracker: Camera) -> None:
    for step in range(4):
        tracker.update([face_at(300, 300, 60)], step * STEP_S)
    assert tracker.update([face_at(300, 300, 180)], 0.8) == []


def test_identities_go_on_from_the_first() -> None:
    tracker = Tracker(first_id=8)
    assert tracker.last_id == 7
    for at_s in (0.0, 0.2):
        faces = tracker.update([face_at(300, 300, 80), face_at(700, 300, 80)], at_s)
    assert ids_of(faces) == [8, 9]
    assert tracker.last_id == 9


def test_frames_may_come_at_any_distance(tracker: Camera) -> None:
    found = [tracker.update([face_at(300 + 50 * t, 300, 80)], t) for t in (0, 0, 0.04, 0.5, 1.4)]
    assert [ids_of(faces) for faces in found] == [[], [1], [1], [1], [1]]


def test_at_one_frame_a_second(tracker: Camera) -> None:
    found = [tracker.update([face_at(300 + 40 * t, 300, 80)], t) for t in range(6)]
    assert [ids_of(faces) for faces in found] == [[]] + [[1]] * 5


def test_time_does_not_run_backwards(tracker: Camera) -> None:
    tracker.update([], 5.0)
    with pytest.raises(ValueError, match=r"0\.500 s early"):
        tracker.update([], 4.5)


@pytest.mark.parametrize(("late_s", "found"), [(-0.1, [1]), (0.1, [])])
def test_tracks_are_forgotten(tracker: Camera, late_s: float, found: list[int]) -> None:
    for at_s in (0.0, 0.2):
        tracker.update([face_at(300, 300, 80)], at_s)
    at_s = 0.2 + TrackerOptions().keep_lost_s + late_s
    tracker.update([], at_s)
    assert ids_of(tracker.update([face_at(300, 300, 80)], at_s)) == found


@pytest.mark.parametrize("pause_s", [2.5, 600.0])
def test_a_pause_of_the_run_ends_its_tracks(tracker: Camera, pause_s: float) -> None:
    """Nobody looked: whoever stands there afterwards may be anybody."""
    face = face_at(300, 300, 80)
    for step in range(10):
        tracker.update([face], step * STEP_S)
    after_s = 9 * STEP_S + pause_s
    assert tracker.update([face], after_s) == []
    (found,) = tracker.update([face], after_s + STEP_S)
    assert (found.track_id, found.is_new) == (2, True)


def test_frames_that_are_always_far_apart_are_no_pauses(tracker: Camera) -> None:
    """A camera of a frame in five seconds, of which one is missing."""
    face = face_at(300, 300, 80)
    found = [tracker.update([face], at_s) for at_s in (0, 5, 10, 15, 25, 30)]
    assert [ids_of(faces) for faces in found] == [[]] + [[1]] * 5


def test_face_as_small_as_a_point_is_no_error(tracker: Camera) -> None:
    for step in range(3):
        tracker.update([face_at(0, 0, 0)], step * STEP_S)


places = st.tuples(st.floats(0, WIDTH), st.floats(0, 720), st.floats(20, 300), st.floats(0.7, 1))
frames = st.lists(st.tuples(st.lists(places, max_size=5), st.floats(0, 3)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(frames)
def test_any_detections_get_sound_identities(
    sequence: list[tuple[list[tuple[float, float, float, float]], float]],
) -> None:
    tracker = Camera(FRAME_SIZE)
    at_s, known = 0.0, set[int]()
    for found, gap_s in sequence:
        at_s += gap_s
        detections: list[Detection] = [face_at(*place) for place in found]
        faces = tracker.update(detections, at_s)
        order = [next(i for i, d in enumerate(detections) if d is f.detection) for f in faces]
        assert order == sorted(set(order))
        assert len(set(ids_of(faces))) == len(faces)
        assert {f.track_id for f in faces if f.is_new}.isdisjoint(known)
        known |= set(ids_of(faces))
        assert known == set(range(1, tracker.last_id + 1))


def test_trackers_share_nothing() -> None:
    trackers = [Tracker(), Tracker()]
    for tracker in trackers:
        for at_s in (0.0, 0.2):
            faces = tracker.update([face_at(300, 300, 80)], at_s)
        assert ids_of(faces) == [1]


def test_same_detections_give_the_same_identities() -> None:
    def once() -> list[list[int]]:
        rng, tracker = np.random.default_rng(5), Camera(FRAME_SIZE)
        return [
            ids_of(tracker.update([face_at(x, y, 90) for x, y in rng.uniform(50, 600, (4, 2))], t))
            for t in range(20)
        ]

    assert once() == once()
