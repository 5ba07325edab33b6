"""Counts of a dataset, checked on one whose flaws are known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.training.collect.stats import stats_of
from surveil.training.faces import Faces


def coarse(seed: int) -> NDArray[np.uint8]:
    grid = np.random.default_rng(seed).integers(0, 256, (9, 9), dtype=np.uint8)
    return np.asarray(cv2.resize(grid, (48, 48), interpolation=cv2.INTER_CUBIC), np.uint8)


def brighter(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (20 + frame * 0.8).astype(np.uint8)


def faces_of(
    frames: list[NDArray[np.uint8]], labels: list[int], splits: list[str], people: list[str]
) -> Faces:
    count = len(frames)
    return Faces(
        np.stack(frames),
        np.array(labels, np.int64),
        np.zeros((count, 7), np.float32),
        np.array(splits),
        np.full(count, "site"),
        np.array(people),
        np.array([str(n) for n in range(count)]),
        np.array(["door", "hall"])[np.arange(count) % 2],
    )


def test_known_flaws_are_counted() -> None:
    a, b, c, d = (coarse(seed) for seed in range(4))
    faces = faces_of(
        [a, a, brighter(a), b, b, c, brighter(c), d, np.zeros((48, 48), np.uint8)],
        [0, 0, 0, 3, 4, 6, 6, 1, 2],
        ["train", "test", "test", "train", "validation", "validation", "test", "test", "train"],
        ["anna", "anna", "", "", "", "bert", "bert", "cleo", ""],
    )
    stats = stats_of(faces, {"blurred": 2, "too small": 0})
    assert (stats.faces, stats.frame, stats.blank) == (9, "48x48 grey", 1)
    assert stats.groups == {"door": 5, "hall": 4}
    assert stats.set_aside == {"blurred": 2}
    assert (stats.exact.groups, stats.exact.faces) == (2, 4)
    assert (stats.exact.conflicting, stats.exact.conflicting_faces) == (1, 2)
    assert (stats.near.groups, stats.near.faces) == (3, 7)
    by_split = {part.split: part for part in stats.parts}
    assert by_split["train"].classes == [1, 0, 1, 1, 0, 0, 0]
    assert (by_split["test"].faces, by_split["test"].people) == (4, 3)
    leaks = {(leak.known, leak.held): leak for leak in stats.leaks}
    train_test = leaks["train", "test"]
    assert (train_test.exact, train_test.near, train_test.people) == (1, 1, ["anna"])
    train_validation = leaks["train", "validation"]
    assert (train_validation.exact, train_validation.near, train_validation.people) == (1, 0, [])
    validation_test = leaks["validation", "test"]
    assert (validation_test.exact, validation_test.near, validation_test.people) == (0, 1, ["bert"])


def test_a_split_alone_leaks_nothing() -> None:
    stats = stats_of(faces_of([coarse(0)], [0], ["test"], [""]))
    assert stats.leaks == []
    assert stats.as_json()["near"] == {
        "groups": 0, "faces": 0, "conflicting": 0, "conflicting_faces": 0,
    }  # fmt: skip
