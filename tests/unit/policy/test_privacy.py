"""What a policy leaves of an event."""

from __future__ import annotations

from kit.events import CameraLife, make_vote

from surveil.domain import CameraState, IntervalEvent
from surveil.policy import INDIVIDUAL, Policy, apply

NO_TRACKS = Policy(keeps_tracks=False)


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
