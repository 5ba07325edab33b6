"""Accuracy on parts of the faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from surveil.training.errors import DataError
from surveil.training.faces import Faces
from surveil.training.measure.strata import (
    bootstrap_interval,
    brightness,
    read_groups,
    stratify,
    terciles,
)


def faces_named(*names: str) -> Faces:
    count = len(names)
    return Faces(
        frames=np.zeros((count, 4, 4), np.uint8),
        labels=np.zeros(count, np.int64),
        votes=np.zeros((count, 7), np.float32),
        splits=np.full(count, "test"),
        sources=np.array(["a", "b"] * count)[:count],
        people=np.full(count, ""),
        names=np.array(names),
    )


@pytest.mark.parametrize(("hits", "count"), [(30, 40), (400, 700)])
def test_interval_is_the_one_of_resampled_faces(hits: int, count: int) -> None:
    right = np.arange(count) < hits
    given = bootstrap_interval(right)
    wanted = bootstrap(
        (right.astype(float),), np.mean, n_resamples=4000, method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert given == pytest.approx((wanted.low, wanted.high), abs=1.5 / np.sqrt(count) / 5)
    assert given == bootstrap_interval(right)
    assert bootstrap_interval(right[:0]) == (0, 1)


@pytest.mark.parametrize("hits", [0, 9])
def test_nine_of_nine_and_none_of_nine_are_not_certain(hits: int) -> None:
    wanted = binomtest(hits, 9).proportion_ci(method="wilson")
    given = bootstrap_interval(np.arange(9) < hits)
    assert given == pytest.approx((wanted.low, wanted.high))
    assert given[1] - given[0] > 0.25


def test_thirds_are_named_by_their_borders_and_told_as_they_rise() -> None:
    values = np.array([9.0, 1, 5, 2, 8, 6, np.nan])
    named = terciles(values)
    assert named[-1] == ""
    found = stratify(np.array([True, False, True, False, True, False, True]), {"size": values})
    assert [(s.stratum.split(",")[0], s.faces, s.accuracy) for s in found] == [
        ("lowest third", 2, 0.0), ("middle third", 2, 0.5), ("highest third", 2, 1.0),
    ]  # fmt: skip
    assert found[0].stratum == "lowest third, up to 4 px"
    assert not terciles(np.array([np.nan])).any()
    assert not terciles(np.full(9, 48.0)).any()


def test_thirds_are_those_of_the_faces_given() -> None:
    """Though one set is darker than the other, each has three thirds of its own."""
    levels, right = np.arange(60.0), np.ones(60, bool)
    for at in (slice(0, 30), slice(30, 60)):
        found = stratify(right[at], {"brightness": levels[at]})
        assert [part.faces for part in found] == [10, 10, 10]


def test_brightness_divides_grey_and_colour_alike() -> None:
    levels = np.arange(0, 240, 20, dtype=np.uint8)
    grey = np.broadcast_to(levels[:, None, None], (12, 4, 4))
    colour = np.broadcast_to(levels[:, None, None, None], (12, 4, 4, 3))
    assert brightness(grey).tolist() == brightness(colour).tolist()
    assert brightness(grey).tolist() == levels.tolist()
    assert len(brightness(grey[:0])) == 0


def test_groups_come_from_a_table_by_name_and_source(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    rows = "".join(f"b,{name},north,{index}\n" for index, name in enumerate("xyz"))
    table.write_text(f"source,name,site,side_px\na,x,south,7\n{rows}")
    given = read_groups(table, ["site"], faces_named("x", "x", "q"))
    assert given["site"].tolist() == ["south", "north", ""]


def test_many_numbers_become_thirds_and_many_words_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    names = [f"n{index}" for index in range(60)]
    lines = "".join(f"{name},{index},w{index}\n" for index, name in enumerate(names))
    table.write_text("name,side_px,word\n" + lines)
    sides = read_groups(table, ["side_px"], faces_named(*names))
    assert sides["side_px"].tolist() == list(range(60))
    assert [part.faces for part in stratify(np.ones(60, bool), sides)] == [20, 20, 20]
    with pytest.raises(DataError, match="column word holds 60 different texts"):
        read_groups(table, ["word"], faces_named(*names))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,site\nx,1\nx,2\n", r"line 3: x is there twice"),
        ("name,place\nx,1\n", r"column site is missing; it has name, place"),
        ("name,site\nq,1\n", r"none of the faces is in it; names are like 'x'"),
        ("", r"column name, site is missing"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, content: str, said: str) -> None:
    table = tmp_path / "groups.csv"
    table.write_text(content)
    with pytest.raises(DataError, match=said):
        read_groups(table, ["site"], faces_named("x"))
    with pytest.raises(DataError, match="no such file"):
        read_groups(tmp_path / "none.csv", ["site"], faces_named("x"))
