"""Metrics as text: read whole, subtracted, summed, and quantiles as PromQL gives them."""

from __future__ import annotations

import pytest

from surveil.measuring.exposition import Exposition

TEXT = """\
# HELP surveil_frames_total frames
# TYPE surveil_frames_total counter
surveil_frames_total{camera="a \\"b\\", c",cause="stale"} 3.0
surveil_frames_total{camera="d",cause="stale"} 4.0
surveil_frames_total{camera="d",cause="blind"} 1e+01
surveil_up 1.0
"""


def test_samples_are_summed_by_their_labels() -> None:
    read = Exposition.read(TEXT)
    assert read.total("surveil_frames_total") == 17.0
    assert read.total("surveil_frames_total", cause="stale", camera="d") == 4.0
    assert read.total("surveil_up") == 1.0
    assert read.total("surveil_other") == 0.0
    assert read.by("surveil_frames_total", "cause") == {"stale": 7.0, "blind": 10.0}
    assert 'a \\"b\\", c' in read.by("surveil_frames_total", "camera")


def test_what_was_not_there_has_grown_from_nothing() -> None:
    before, after = Exposition.read("x 2\n"), Exposition.read("x 5\ny 1\n")
    grown = after.since(before)
    assert (grown.total("x"), grown.total("y")) == (3.0, 1.0)


def histogram(*counts: int) -> Exposition:
    bounds = ("0.1", "0.3", "+Inf")
    return Exposition.read(
        "".join(f'h_bucket{{le="{le}"}} {n}\n' for le, n in zip(bounds, counts, strict=True))
    )


@pytest.mark.parametrize(
    ("counts", "share", "value"),
    [
        ((10, 10, 10), 0.5, 0.05),
        ((10, 20, 20), 0.75, 0.2),
        ((0, 20, 20), 0.5, 0.2),
        ((10, 10, 20), 0.95, 0.3),
        ((0, 0, 5), 0.5, 0.3),
    ],
)
def test_quantiles_are_linear_within_a_bucket(
    counts: tuple[int, ...], share: float, value: float
) -> None:
    assert histogram(*counts).quantile("h", share) == pytest.approx(value)


def test_nothing_observed_has_no_quantile() -> None:
    assert histogram(0, 0, 0).quantile("h", 0.5) is None
    assert Exposition.read("").quantile("h", 0.5) is None
