"""What a policy leaves of an event."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from kit.events import CameraLife, make_vote

from surveil.domain import EMOTIONS, HIDDEN, CameraState, Emotion, IntervalEvent, TrackVote
from surveil.policy import INDIVIDUAL, Policy, apply, people_of

NO_TRACKS = Policy(keeps_tracks=False)
GROUPS = Policy(keeps_tracks=False, min_group=5)


def test_the_individual_policy_leaves_events_as_they_are() -> None:
    for event in CameraLife().says(0, CameraState.LIVE).sees(0, 1, make_vote(1)):
        assert apply(event, INDIVIDUAL) is event


def test_without_tracks_an_interval_still_says_that_it_was_analysed() -> None:
    [event] = CameraLife().sees(0, 1, make_vote(1), make_vote(2), analysed=5, busy=1)
    left = apply(event, NO_TRACKS)
    assert isinstance(left, IntervalEvent)
    assert isinstance(event, IntervalEvent)
    assert left.tracks == ()
    assert left.frames == event.frames
    assert (left.from_at, left.to_at, left.run, left.seq) == (
        event.from_at,
        event.to_at,
        event.run,
        event.seq,
    )
    assert len(event.tracks) == 2  # the event itself is unchanged


def test_states_of_a_camera_tell_of_nobody() -> None:
    [event] = CameraLife().says(0, CameraState.LIVE)
    assert apply(event, NO_TRACKS) is event


def left_of(*votes: TrackVote, analysed: int = 5, gated: int = 0) -> IntervalEvent:
    [event] = CameraLife().sees(0, 1, *votes, analysed=analysed, gated=gated)
    left = apply(event, GROUPS)
    assert isinstance(left, IntervalEvent)
    assert left.tracks == ()
    return left


def test_a_group_is_told_of_by_its_sums() -> None:
    happy = [make_vote(number, Emotion.HAPPY, 0.7) for number in range(1, 5)]
    left = left_of(*happy, make_vote(5, Emotion.SAD, 0.4))
    assert left.crowd is not None
    assert left.crowd.votes == (0, 0, 0, 4, 1, 0, 0)
    assert left.crowd.confidence == 0.64
    assert left.faces == 5


def test_fewer_are_told_of_as_nobody_is() -> None:
    few = left_of(*(make_vote(number) for number in range(1, 5)), gated=0)
    nobody = left_of(gated=4)
    assert few == nobody
    assert few.crowd == HIDDEN


def test_one_person_whose_track_breaks_is_no_group() -> None:
    broken = [replace(make_vote(number), frames=1) for number in range(1, 6)]
    assert left_of(*broken).crowd == HIDDEN


def test_people_who_were_not_there_at_once_are_no_group() -> None:
    staying = [make_vote(number) for number in range(1, 4)]
    passing = [replace(make_vote(number), frames=2) for number in range(4, 6)]
    assert left_of(*staying, *passing).crowd == HIDDEN  # 19 faces on 5 frames: four people


@given(
    st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(1, 8)), max_size=12),
    st.integers(0, 8),
)
def test_nothing_is_told_of_fewer_and_nothing_of_one(
    seen: list[tuple[Emotion, int]], analysed: int
) -> None:
    votes = [
        replace(make_vote(number, emotion, 0.61), frames=frames)
        for number, (emotion, frames) in enumerate(seen, 1)
    ]
    left = left_of(*votes, analysed=analysed)
    assert left.crowd is not None
    assert left.crowd.faces in (0, len(votes))
    if left.crowd.faces:
        assert people_of(CameraLife().sees(0, 1, *votes, analysed=analysed).intervals[0]) >= 5
        assert len(votes) >= 5
    else:
        assert left.crowd == HIDDEN
