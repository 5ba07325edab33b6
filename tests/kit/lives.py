"""Whole lives of cameras, drawn by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from kit.events import CameraLife, make_vote
from surveil.domain import EMOTIONS, CameraState, Event, Reason

votes = st.builds(
    make_vote,
    track_id=st.integers(1, 3),
    emotion=st.sampled_from(EMOTIONS),
    confidence=st.floats(0.3, 1.0),
)
# Few instants, so that changes of state often coincide with borders of intervals.
later = st.sampled_from([0.0, 0.5, 1.0, 2.25])
changes = st.tuples(st.sampled_from(CameraState), st.sampled_from(Reason), later)
intervals = st.tuples(
    st.sampled_from([0.25, 1.0, 1.0, 7.5]),  # length
    st.sampled_from([0.0, 0.0, 0.0, 4.0, 130.0]),  # hole before it
    st.lists(votes, max_size=2, unique_by=lambda vote: vote.track_id),
    st.sampled_from([5, 5, 1, 0]),  # analysed
    st.integers(0, 2),  # busy
)


@st.composite
def lives(draw: st.DrawFn, camera: str) -> list[Event]:
    """Draw one camera's events over a few runs, some of them overlapping in time."""
    life, at_s = CameraLife(camera, f"01{camera}0"), 0.0
    for number in range(draw(st.integers(1, 3))):
        life.open(f"01{camera}{number}")
        at_s = max(0.0, at_s - draw(st.sampled_from([0.0, 0.0, 2.0])))
        for step in draw(st.lists(st.one_of(changes, intervals), min_size=1, max_size=8)):
            if len(step) == 3:
                state, reason, later_s = step
                life.says(at_s + later_s, state, reason)
            else:
                length_s, hole_s, seen, analysed, busy = step
                at_s += hole_s
                life.sees(at_s, at_s + length_s, *seen, analysed=analysed, busy=busy)
                at_s += length_s
    return list(life)
