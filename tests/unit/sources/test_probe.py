"""The rate of a camera, told from the burst that it opens with."""

from __future__ import annotations

import pytest

from surveil.sources.probe import RateMeter


def measure(times: list[float]) -> tuple[float | None, float | None]:
    """Return the rate once it is known well and when that was; else what is known."""
    meter = RateMeter()
    for time_s in times:
        if meter.add(time_s):
            return meter.rate_fps(), time_s
    return meter.rate_fps(), None


def test_an_even_rate_is_known_after_two_seconds() -> None:
    rate_fps, known_s = measure([n / 25 for n in range(100)])
    assert rate_fps == pytest.approx(25)
    assert known_s == pytest.approx(2.0, abs=0.05)


def test_pictures_that_come_in_groups_have_the_rate_of_all() -> None:
    rate_fps, _ = measure([n // 5 * 0.2 for n in range(100)])  # five at a time
    assert rate_fps == pytest.approx(25, rel=0.15)


@pytest.mark.parametrize("burst_s", [0.3, 1.0, 1.5])
def test_a_burst_at_the_start_is_left_out(burst_s: float) -> None:
    # Four times as fast as the camera, as what was held back is sent.
    burst = [n / 100 for n in range(int(burst_s * 100))]
    rate_fps, _ = measure([*burst, *(burst_s + n / 25 for n in range(200))])
    assert rate_fps == pytest.approx(25, rel=0.2)


def test_a_slow_camera_has_a_rate_of_what_came() -> None:
    assert measure([0.0, 4.0, 8.0]) == (0.25, None)


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0]])
def test_no_time_no_rate(times: list[float]) -> None:
    assert measure(times) == (None, None)
