"""What can never be true, and what always is."""

from __future__ import annotations

from typing import Any

import pytest

from surveil.rules.keys import By
from surveil.rules.possibility import always_true, never_true


def share(emotion: str = "angry", over: str = "10s", **bounds: Any) -> dict[str, Any]:
    return {"share": {"emotion": emotion, "over": over}, **bounds}


def faces(**bounds: Any) -> dict[str, Any]:
    return {"faces": {"over": "10s"}, **bounds}


@pytest.mark.parametrize(
    ("when", "by"),
    [
        ([share(above=0.5), share(below=0.4)], "camera"),
        ([share(above=0.5), share(at_most=0.5)], "camera"),
        ([share(above=0.5), share("happy", at_least=0.5)], "camera"),
        ({"all": [faces(at_least=3), {"all": [faces(below=3)]}]}, "camera"),
        ([faces(at_least=3), {"not": faces(at_least=2)}], "camera"),
        ({"any": [[share(above=0.5), share(below=0.4)][0], share(above=0.5)]}, None),
        ({"not": {"any": [faces(above=2), {"not": faces(above=2)}]}}, "camera"),
        ({"sequence": [faces(above=2), share(above=0.5)], "within": "1s"}, "two-seconds"),
        ([faces(at_least=2)], "track"),
        ([{"share": {"emotion": "sad", "over": "5s", "min_faces": 2}, "above": 0.1}], "track"),
    ],
)
def test_never(kit: Any, when: Any, by: str | None) -> None:
    interval_s = 2.0 if by == "two-seconds" else 1.0
    key = By.TRACK if by == "track" else By.CAMERA
    rule = kit.rule(when=when)

    assert bool(never_true(rule.when, key, interval_s)) is (by is not None)


@pytest.mark.parametrize(
    "when",
    [
        [share(above=0.5), share(over="20s", below=0.4)],
        [share(above=0.5, clear_below=0.1), share(below=0.4)],
        [share(above=0.5), share("happy", at_least=0.4)],
        [share(at_least=0.5), share(at_most=0.5)],
        [share(above=0.5), {"not": faces(above=3)}],
        {"any": [share(above=0.5), share(below=0.4)]},
        {"sequence": [share(above=0.5), share(below=0.4)], "within": "1m"},
    ],
)
def test_possible(kit: Any, when: Any) -> None:
    tree = kit.rule(when=when).when

    assert never_true(tree, By.CAMERA, 1.0) == ""
    assert always_true(tree, By.CAMERA, 1.0) == ""


@pytest.mark.parametrize(
    ("when", "is_always"),
    [
        ({"any": [faces(above=2), faces(at_most=2)]}, True),
        ({"any": [faces(above=2), {"not": faces(above=2)}]}, True),
        ({"any": [faces(above=2), faces(below=2)]}, False),
        ({"not": {"all": [faces(above=2), faces(below=2)]}}, True),
        ([{"any": [faces(above=2), faces(at_most=2)]}, share(above=0.5)], False),
    ],
)
def test_always(kit: Any, when: Any, is_always: bool) -> None:
    assert bool(always_true(kit.rule(when=when).when, By.CAMERA, 1.0)) is is_always
