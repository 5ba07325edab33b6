"""Firings, and what they change against what was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from surveil.backtesting.summary import Firing, Told, sum_up

START_AT = datetime(2026, 1, 5, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START_AT + timedelta(minutes=minute)


def test_what_overlaps_is_the_same_and_marks_give_precision() -> None:
    firings = [
        Firing("anger", "a", at(0), at(5)),
        Firing("anger", "a", at(20), at(21)),
        Firing("anger", "b", at(0), at(1)),
        Firing("anger above=0.5", "a", at(1), at(2)),
    ]
    told = [
        Told("anger", "a", at(4), at(6), "right"),
        Told("anger", "a", at(20.5), at(22), "wrong"),
        Told("anger", "a", at(40), at(41), "wrong"),
        Told("anger", "c", at(0), at(1), "unclear"),
        Told("other", "a", at(0), at(1), "right"),
    ]
    sums = sum_up(["anger", "anger above=0.5"], firings, told)

    one = sums["anger"]
    assert (one.firings, one.firing_s, one.kept, one.new, one.gone) == (3, 420.0, 2, 1, 2)
    assert (one.right, one.wrong, one.precision) == ((1, 1), (1, 2), 0.5)
    assert one.by_key == {"a": (2, 360.0), "b": (1, 60.0)}
    variant = sums["anger above=0.5"]
    assert (variant.firings, variant.kept, variant.gone) == (1, 0, 4)
    assert variant.precision is None
