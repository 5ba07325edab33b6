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


def test_votes_of_too_few_faces_are_unknown_or_nobody(kit: Any) -> None:
    events = [kit.interval(second, (1, "happy"), (2, "sad")) for second in range(4)]
    for measure in ("share", "mean"):
        options = {"emotion": "happy", "over": "4s", "min_faces": 3}
        few = {measure: options, "above": 0.5}
        said = {measure: {**options, "too_few": "false"}, "above": 0.5}
        enough = {measure: {**options, "min_faces": 2}, "above": 0.5}

        assert read(kit, few, *events, until=4) == Reading(known=False)
        assert read(kit, said, *events, until=4) == Reading(known=True, value=None)
        assert read(kit, enough, *events, until=4).known


def test_least_faces_are_counted_over_the_window(kit: Any) -> None:
    events = [kit.interval(second, (second + 1, "happy")) for second in range(4)]
    when = {"share": {"emotion": "happy", "over": "4s", "min_faces": 4}, "above": 0.5}

    assert read(kit, when, *events, until=4).value == 1.0


def test_unsure_votes_are_left_out_of_a_mean(kit: Any) -> None:
    events = [kit.interval(0, (1, "happy", 0.9), (2, "happy", 0.4))]
    when = {"mean": {"emotion": "happy", "over": "1s", "min_confidence": 0.5}, "above": 0.5}
    surer = {"mean": {"emotion": "happy", "over": "1s", "min_confidence": 0.95}, "above": 0.5}

    assert read(kit, when, *events, until=1).value == 0.9
    assert read(kit, surer, *events, until=1) == Reading(known=True, value=None)


def test_faces_may_be_those_with_an_expression(kit: Any) -> None:
    events = [kit.interval(s, (1, "angry", 0.9), (2, "angry", 0.4), (3, "sad")) for s in range(3)]
    angry = {"faces": {"over": "3s", "emotion": "angry"}, "at_least": 2}
    surely = {
        "faces": {"over": "3s", "emotion": "angry", "min_confidence": 0.5},
        "at_least": 2,
    }

    assert read(kit, angry, *events, until=3).value == 2.0
    assert read(kit, surely, *events, until=3).value == 1.0


def test_rate_counts_beginnings_of_an_expression(kit: Any) -> None:
    script = ["sad", "angry", "angry", "sad", "angry", "angry", "angry", "sad", "sad", "sad"]
    events = [kit.interval(second, (1, name)) for second, name in enumerate(script)]
    when = {"rate": {"emotion": "angry", "over": "10s", "per": "1m"}, "above": 5}

    assert round(read(kit, when, *events, until=10).value or 0, 6) == 12.0


def test_rate_without_an_expression_counts_new_faces(kit: Any) -> None:
    faces = [(), ((1, "sad"),), ((1, "sad"), (2, "sad")), ((2, "angry"),)]
    events = [kit.interval(second, *seen) for second, seen in enumerate(faces)]
    when = {"rate": {"over": "4s", "per": "4s"}, "above": 1}

    assert round(read(kit, when, *events, until=4).value or 0, 6) == 2.0


def test_what_began_before_the_window_does_not_begin_in_it(kit: Any) -> None:
    events = [kit.interval(second, (1, "angry")) for second in range(8)]
    when = {"rate": {"emotion": "angry", "over": "4s"}, "above": 1}

    assert read(kit, when, *events, until=8).value == 0.0
    assert (read(kit, when, *events, until=4).value or 0) > 0


def test_rate_is_of_the_time_that_was_analysed(kit: Any) -> None:
    seen = [kit.interval(s, (s + 1, "sad"), analysed=5 if s < 6 else 0) for s in range(10)]
    when = {"rate": {"over": "10s", "per": "10s"}, "above": 1}

    assert round(read(kit, when, *seen, until=10).value or 0, 3) == 10.0
    blind = [kit.interval(s, analysed=5 if s < 4 else 0) for s in range(10)]
    assert read(kit, when, *blind, until=10) == Reading(known=False)
