"""A camera is degraded when too little of it is analysed, and the worker says what it carries."""

from __future__ import annotations

from collections.abc import Iterable

from surveil.workers.inferring.overload import WINDOW_S, Overload

FPS = 5.0


def show(
    overload: Overload, camera: str, indices: Iterable[int], *, run: str = "1", from_s: float = 0.0
) -> None:
    for index in indices:
        overload.see(camera, run, index, from_s + index / FPS)


def window(number: int = 0, step: int = 1) -> range:
    """Return the indices of a window's frames, each ``step``-th analysed."""
    each = int(WINDOW_S * FPS)
    return range(number * each + (number > 0), (number + 1) * each + 1, step)


def test_a_camera_of_which_all_is_analysed_is_well() -> None:
    overload = Overload()
    show(overload, "a", window())
    assert overload.load().degraded == frozenset()
    assert (overload.load().share, overload.load().carries) == (1.0, 1)


def test_half_the_frames_are_half_the_cameras() -> None:
    overload = Overload()
    for camera in "abcd":
        show(overload, camera, window(step=2))
    load = overload.load()
    assert load.degraded == frozenset("abcd")
    assert (load.share, load.carries) == (0.5, 2)


def test_a_camera_of_which_all_grows_stale_is_degraded() -> None:
    overload = Overload()
    for index in window():
        overload.see("a", "1", index, index / FPS, is_analysed=False)
    load = overload.load()
    assert (load.degraded, load.share, load.carries) == ({"a"}, 0.0, 0)


def test_nothing_is_said_before_a_window_is_over() -> None:
    overload = Overload()
    show(overload, "a", list(window(step=3))[:-1])
    assert overload.load().degraded == frozenset()


def test_a_camera_between_the_bounds_stays_what_it_was() -> None:
    almost = [index for index in window(1) if index % 20 != 7]
    overload, other = Overload(), Overload()
    show(overload, "a", window(step=2))
    show(overload, "a", almost)
    show(other, "a", window())
    show(other, "a", almost)
    assert 0.9 < overload.load().share < 0.97
    assert overload.load().degraded == {"a"}
    assert other.load().degraded == frozenset()
    show(overload, "a", window(2))
    assert overload.load().degraded == frozenset()


def test_a_new_run_begins_anew_and_one_that_is_offline_is_left_out() -> None:
    overload = Overload()
    show(overload, "a", window(step=2))
    show(overload, "a", window(), run="2", from_s=50.0)
    assert overload.load().degraded == frozenset()
    show(overload, "b", window(step=2))
    overload.forget("b")
    assert overload.load().degraded == frozenset()
    assert overload.load().carries == 1
