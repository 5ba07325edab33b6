from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from surveil.domain import CameraEvent, IntervalEvent
from surveil.events.codec import decode, encode
from surveil.measuring.synthetic import make_events

BEGAN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_events_are_those_of_a_fleet() -> None:
    events = list(make_events(["a", "b"], 90, BEGAN_AT))
    assert len(events) == 90
    assert [decode(encode(event)) for event in events] == events
    mine = [event for event in events if event.camera == "a"]
    assert [event.seq for event in mine] == list(range(1, 46))
    assert isinstance(mine[0], CameraEvent)
    intervals = [event for event in mine if isinstance(event, IntervalEvent)]
    ends = pairwise(intervals)
    assert all(one.to_at == other.from_at for one, other in ends)
    assert {len(one.tracks) for one in intervals} == {2}
    assert {vote.track_id for one in intervals for vote in one.tracks} == {1, 2, 3, 4, 5, 6}
