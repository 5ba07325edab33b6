"""Each way of detecting, classifying and analysing is measured, and finds the same faces."""

from __future__ import annotations

import pytest

from surveil.measuring.classify import measure_classify
from surveil.measuring.detect import DetectLoad, measure_detect
from surveil.measuring.pipeline import PipelineLoad, measure_pipeline


def test_all_modes_of_detection() -> None:
    report = measure_detect(DetectLoad(pictures=2, sample_fps=0.5, peer=True), rounds=1)
    ways = [row["way"] for row in report.rows]
    assert ways == ["facenet-pytorch", "exact, float32", "fast, float32", "fast, int8"]
    assert all(row["cpu_ms"] > 0 for row in report.rows)
    assert report.rows[0]["faces"] == report.rows[1]["faces"]


def test_all_precisions_of_the_classifier() -> None:
    report = measure_classify("emotion-resnet18", (1, 16), rounds=1)
    rows = [(row["precision"], row["batch"]) for row in report.rows]
    assert rows == [("float32", 1), ("float32", 16), ("int8", 1), ("int8", 16)]
    assert all(row["cpu_ms"] > 0 for row in report.rows)


def test_all_ways_from_a_file_to_its_faces() -> None:
    report = measure_pipeline(PipelineLoad(frames=4, sample_fps=1.0, peer=True), rounds=1)
    rows = {row["way"]: row for row in report.rows}
    assert report.settings["frames"] == 4
    assert rows["facenet-pytorch"]["times"] == 1.0
    assert rows["exact, float32"]["faces"] == pytest.approx(rows["fast, int8"]["faces"], abs=0.5)
    assert rows["decoding alone"]["faces"] == 0
