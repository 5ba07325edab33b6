"""What each measure means, at its edges."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from surveil.rules.keyview import KeyView
from surveil.rules.listening import Listening
from surveil.rules.past import CameraPast
from surveil.rules.reading import Reading
from surveil.rules.windows import CameraWindow, sample_of


def read(kit: Any, when: dict[str, Any], *events: Any, until: float) -> Reading:
    """Return one condition's reading over some intervals of one camera."""
    past = CameraPast(100.0, 5.0, Counter())
    for event in events:
        past.window.add(sample_of(event))
    until_s = kit.at(until).timestamp()
    view = KeyView([past], until_s, until_s, Listening(kit.at(0).timestamp(), 5.0))
    (condition,) = kit.rule(when=[when]).conditions
    reading: Reading = condition.read(view)
    return reading


SHARE = {"share": {"emotion": "happy", "over": "4s"}, "above": 0.5}
MEAN = {"mean": {"emotion": "happy", "over": "4s"}, "above": 0.5}
FACES = {"faces": {"over": "4s"}, "at_least": 2}


def test_share_counts_each_tracks_vote_of_each_interval(kit: Any) -> None:
    events = [
        kit.interval(0, (1, "happy"), (2, "sad"), (3, "sad")),
        kit.interval(1, (1, "happy")),
        kit.interval(2),
        kit.interval(3),
    ]
    assert read(kit, SHARE, *events, until=4) == Reading(known=True, value=0.5)


def test_share_of_nobody_is_known_and_without_value(kit: Any) -> None:
    empty = [kit.interval(second) for second in range(4)]

    assert read(kit, SHARE, *empty, until=4) == Reading(known=True, value=None)
    assert read(kit, MEAN, *empty, until=4) == Reading(known=True, value=None)
    assert read(kit, FACES, *empty, until=4) == Reading(known=True, value=0.0)


def test_below_does_not_hold_for_nobody(kit: Any) -> None:
    rule = kit.rule(when=[{"share": {"emotion": "happy", "over": "3s"}, "below": 0.2}])

    assert kit.stage(rule).play("......").log == []
    assert kit.stage(rule).play("...n").log == [(4, "firing")]


def test_unsure_votes_dilute_a_share(kit: Any) -> None:
    events = [kit.interval(0, (1, "happy", 0.9), (2, "happy", 0.4)), kit.interval(1)]
    when = {"share": {"emotion": "happy", "over": "2s", "min_confidence": 0.5}, "above": 0.5}

    assert read(kit, when, *events, until=2).value == 0.5


@given(
    confidences=st.lists(st.floats(0.15, 1.0), min_size=1, max_size=8),
    bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(deadline=None)
def test_more_confidence_never_raises_a_share(
    kit: Any, confidences: list[float], bounds: tuple[float, float]
) -> None:
    event = kit.interval(0, *((i + 1, "happy", c) for i, c in enumerate(confidences)))
    low, high = (
        read(
            kit,
            {"share": {"emotion": "happy", "over": "1s", "min_confidence": b}, "above": 0.5},
            event,
            until=1,
        ).value
        for b in sorted(bounds)
    )
    assert low is not None
    assert high is not None
    assert high <= low


def test_mean_is_that_of_the_calibrated_scores(kit: Any) -> None:
    events = [kit.interval(0, (1, "happy", 0.9)), kit.interval(1, (1, "happy", 0.5))]
    reading = read(kit, MEAN, *events, until=2)

    assert reading.value is not None
    assert abs(reading.value - 0.7) < 1e-9


def test_faces_is_what_is_there_for_most_of_the_window(kit: Any) -> None:
    two, three = [(1, "sad"), (2, "sad")], [(1, "sad"), (2, "sad"), (3, "sad")]
    missed = [kit.interval(s, *faces) for s, faces in enumerate([two, two[:1], two, two])]
    split = [kit.interval(s, *faces) for s, faces in enumerate([two, three, two, two])]

    assert read(kit, FACES, *missed, until=4).value == 2
    assert read(kit, FACES, *split, until=4).value == 2


def test_half_a_window_is_enough_and_less_is_unknown(kit: Any) -> None:
    two = [kit.interval(second, (1, "happy")) for second in (0, 1)]

    assert read(kit, SHARE, *two, until=4).known
    assert not read(kit, SHARE, *two, until=5).known
    assert not read(kit, SHARE, kit.interval(3, (1, "happy")), until=4).known
    assert not read(kit, FACES, until=4).known


def test_interval_without_analysed_frames_covers_nothing(kit: Any) -> None:
    blind = [kit.interval(second, analysed=0) for second in range(4)]

    assert not read(kit, FACES, *blind, until=4).known


def test_interval_longer_than_the_window_covers_it(kit: Any) -> None:
    event = kit.interval(0, (1, "happy"), lasts_s=10.0)

    assert read(kit, SHARE, event, until=10).value == 1.0


def test_shorter_first_interval_of_a_run_counts(kit: Any) -> None:
    first = kit.interval(0.6, (1, "happy"), seq=1, lasts_s=0.4)
    rest = [kit.interval(second, (1, "happy")) for second in (1, 2, 3)]

    assert read(kit, SHARE, first, *rest, until=4).value == 1.0


def test_window_forgets_what_is_older_than_its_horizon(kit: Any) -> None:
    window = CameraWindow(horizon_s=10.0)
    for second in range(1000):
        window.add(sample_of(kit.interval(second)))

    assert not window.add(sample_of(kit.interval(900)))
    assert len(window._samples) <= 10
