"""Which pictures are taken, and what time a stream says it is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.sources.sampling import MediaClock, PtsClock, Sampler


def taken(times: list[float], sample_fps: float) -> list[float]:
    sampler = Sampler(sample_fps)
    return [time_s for time_s in times if sampler.wants(time_s)]


def test_a_fifth_of_25_fps_is_every_fifth_picture() -> None:
    times = [index / 25 for index in range(50)]
    assert taken(times, 5.0) == pytest.approx([index / 5 for index in range(10)])


def test_a_camera_at_just_the_rate_loses_nothing_to_jitter() -> None:
    # 5 fps whose pictures come up to 60 ms early or late.
    jitter = [0.0, 0.06, -0.06, 0.05, -0.05, 0.06, -0.06, 0.0, -0.03, 0.03]
    times = [index / 5 + late for index, late in enumerate(jitter)]
    assert taken(times, 5.0) == times


def test_a_slower_camera_is_taken_whole() -> None:
    times = [index / 2 for index in range(10)]
    assert taken(times, 5.0) == times


def test_a_pause_is_not_made_up_for() -> None:
    times = [0.0, *(10 + index / 25 for index in range(25))]
    assert len(taken(times, 5.0)) == 6


@given(
    gaps=st.lists(st.floats(0.001, 0.5), min_size=2, max_size=300),
    sample_fps=st.floats(0.5, 30.0),
)
def test_no_more_than_the_rate_in_the_long_run(gaps: list[float], sample_fps: float) -> None:
    times = [0.0]
    for gap_s in gaps:
        times.append(times[-1] + gap_s)
    chosen = taken(times, sample_fps)
    assert chosen[0] == times[0]
    assert len(chosen) <= times[-1] * sample_fps + 2
    assert all(late - early > 0 for early, late in pairwise(chosen))
    # And hardly fewer, where there are pictures to take.
    assert all(late - early <= 1.5 / sample_fps + 2 * max(gaps) for early, late in pairwise(chosen))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="sample_fps"):
        Sampler(rate)


def test_time_stamps_smooth_bursts() -> None:
    clock = MediaClock()
    # Three pictures 40 ms apart arrive at once after a key frame.
    arrivals = [100.0, 100.04, 100.5, 100.5, 100.5]
    times = [clock.advance(7 + 0.04 * n, at) for n, at in enumerate(arrivals)]
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16], abs=0.01)


@pytest.mark.parametrize("stamp", [None, 3.0], ids=["missing", "standing still"])
def test_useless_time_stamps_are_replaced_by_arrival(stamp: float | None) -> None:
    clock = MediaClock()
    times = [clock.advance(stamp, 100 + n / 10) for n in range(5)]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-1e9, 1e9)),  # any time stamp
            st.floats(0, 3),  # any time between arrivals
        ),
        min_size=1,
        max_size=100,
    )
)
def test_a_clock_grows_and_stays_near_the_arrivals(
    pictures: list[tuple[float | None, float]],
) -> None:
    clock = MediaClock()
    at_s = 1000.0
    times = []
    for pts_s, wait_s in pictures:
        at_s += wait_s
        times.append(clock.advance(pts_s, at_s))
    assert all(early <= late for early, late in pairwise(times))
    elapsed_s = at_s - 1000.0 - pictures[0][1]
    assert times[-1] == pytest.approx(elapsed_s, abs=2.001)


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_a_clock_at_another_speed_is_set_right(speed: float) -> None:
    clock = MediaClock()
    for n in range(2500):  # for 100 s
        time_s = clock.advance(n * 0.04 * speed, 1000 + n * 0.04)
    assert time_s == pytest.approx(99.96, abs=2.1)


@pytest.mark.parametrize("gain", [-3e-3, -1e-4, 1e-4, 3e-3])
def test_a_clock_that_runs_a_little_wrong_never_leaves_the_arrivals(gain: float) -> None:
    clock = MediaClock()
    for n in range(50_000):  # for 10,000 s, in which the stamps lose or gain 1 to 30 s
        time_s = clock.advance(n * 0.2 * (1 + gain), 1000 + n * 0.2)
        assert time_s == pytest.approx(n * 0.2, abs=0.01)


def test_pictures_that_waited_for_the_opening_lead_for_minutes_only() -> None:
    clock = MediaClock()
    for n in range(100):  # one in 5 s; the first three come at once
        time_s = clock.advance(n * 5.0, 1000 + max(0, n - 2) * 5.0)
    assert time_s == pytest.approx(97 * 5.0, abs=0.01)


def test_a_clock_that_drifts_still_smooths_bursts() -> None:
    clock = MediaClock()
    last_s = 0.0
    for n in range(20_000):  # 3 pictures in each burst; stamps gain 2.5 s
        time_s = clock.advance(n * 0.04 * 1.003, 1000 + n // 3 * 0.12)
        if n > 19_000:
            assert time_s - last_s == pytest.approx(0.04, abs=0.001)
        last_s = time_s


def test_steps_back_of_a_live_stream_move_nothing() -> None:
    clock = MediaClock()
    stamps = [0.0, 0.12, 0.04, 0.08]
    for n in range(400):
        time_s = clock.advance(n // 4 * 0.16 + stamps[n % 4], 1000 + n * 0.04)
    assert time_s == pytest.approx(16.0, abs=0.1)


def test_a_jump_of_a_live_stream_is_a_step() -> None:
    clock = MediaClock()
    stamps = [0.0, 0.04, 5000.0, 5000.04, 3.0, 3.04]  # there, and back as at the stamps' wrap
    times = [clock.advance(stamp, 1000 + n * 0.04) for n, stamp in enumerate(stamps)]
    assert times == pytest.approx([n * 0.04 for n in range(6)])


def test_a_file_goes_on_over_loops_and_holes() -> None:
    clock = PtsClock(nominal_step_s=0.04)
    first = [clock.advance(pts_s) for pts_s in (5.0, 5.1, None, 5.3, 5.4)]
    assert first == pytest.approx([0.0, 0.1, 0.14, 0.3, 0.4])
    clock.restart()
    assert [clock.advance(pts_s) for pts_s in (5.0, 5.1)] == pytest.approx([0.44, 0.54])


def test_small_steps_back_move_nothing() -> None:
    clock = PtsClock(nominal_step_s=0.04)
    # What AVI tells of pictures that were stored in the order of decoding.
    stamps = [0.04, 0.12, 0.16, 0.08, 0.2, 0.24]
    times = [clock.advance(pts_s) for pts_s in stamps]
    assert times == pytest.approx([0.0, 0.08, 0.12, 0.12, 0.16, 0.2], abs=0.002)
    assert all(early < late for early, late in pairwise(times))


@pytest.mark.parametrize("stamp", [None, 3.0], ids=["missing", "standing still"])
def test_a_file_without_time_stamps_goes_at_its_announced_rate(stamp: float | None) -> None:
    clock = PtsClock(nominal_step_s=0.04)
    assert [clock.advance(stamp) for _ in range(3)] == pytest.approx([0.0, 0.04, 0.08])


@pytest.mark.parametrize("jump_s", [5000.0, -95443.0, -1.5])
def test_a_jump_where_parts_were_joined_is_one_step(jump_s: float) -> None:
    clock = PtsClock(nominal_step_s=0.04, is_joinable=True)
    stamps = [100.0, 100.04, 100.04 + jump_s, 100.08 + jump_s]
    assert [clock.advance(pts_s) for pts_s in stamps] == pytest.approx([0.0, 0.04, 0.08, 0.12])


def test_a_pause_of_a_file_is_kept() -> None:
    clock = PtsClock(nominal_step_s=0.04)
    stamps = [0.0, 3600.0, 7200.0]
    assert [clock.advance(pts_s) for pts_s in stamps] == pytest.approx(stamps)
