from __future__ import annotations

from surveil.measuring.laps import Lap, alternate, lap, middle


def test_ways_take_turns() -> None:
    order: list[str] = []

    def run(name: str) -> Lap:
        order.append(name)
        return Lap(1.0, 0.5, 10)

    laps = alternate({"a": lambda: run("a"), "b": lambda: run("b")}, 3)
    assert order == ["a", "b"] * 3
    assert {name: len(found) for name, found in laps.items()} == {"a": 3, "b": 3}


def test_the_middle_is_each_figures_own() -> None:
    found = middle([Lap(1.0, 0.9, 10), Lap(5.0, 0.1, 10), Lap(2.0, 0.5, 10)])
    assert (found.wall_s, found.cpu_s, found.units) == (2.0, 0.5, 10)
    assert (found.per_s, found.cpu_us) == (5.0, 50_000.0)


def test_a_lap_is_filled_in_at_its_end() -> None:
    with lap(7) as result:
        sum(range(10_000))
    assert result.units == 7
    assert result.wall_s > 0
    assert result.cpu_s >= 0
