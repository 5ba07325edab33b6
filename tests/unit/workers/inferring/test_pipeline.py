"""The pipeline's composition, with deterministic stand-ins for detector and classifier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from kit.detectors import ByDetecting
from numpy.typing import NDArray

from surveil.domain import Box, Detection, Emotion, Frame
from surveil.engines import DeviceMemoryError
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.intervals.smoothing import ScoreSmoother
from surveil.track import Tracker
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring import fitting
from surveil.workers.inferring.gated import GatedDetector
from surveil.workers.inferring.pipeline import Pipeline

POISON = 255
LANDMARKS = np.zeros((5, 2), np.float32)


class MarkDetector(ByDetecting):
    """Finds one face per non-zero pixel of row 0: its value is the face's left edge."""

    def __init__(self, fits: int = 1000) -> None:
        self.fits = fits
        self.batches: list[int] = []

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        self.batches.append(len(frames))
        if len(frames) > self.fits:
            raise DeviceMemoryError("no memory")
        if any((frame[0, 0] == POISON).all() for frame in frames):
            raise RuntimeError("cannot be analysed")
        return [
            [
                Detection(Box(x, 10, x + 20, 30), 0.99, LANDMARKS)
                for x in frame[0, :, 0].tolist()
                if x
            ]
            for frame in frames
        ]


class BrightnessClassifier:
    """A crop's mean brightness, 0..200, is its score for happy."""

    name = "brightness@1"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.batches.append(len(crops))
        scores = np.zeros((len(crops), 7), np.float32)
        for row, crop in zip(scores, crops, strict=True):
            row[3] = crop.mean() / 200
            row[6] = 1 - row[3]
        return scores


def frame(
    camera: str, index: int, *lefts: int, brightness: int = 160, run: str = "R", px: int = 100
) -> Frame:
    image = np.full((px, px, 3), brightness, np.uint8)
    image[0] = 0
    image[0, : len(lefts), 0] = lefts
    at_s = index * 0.2
    return Frame(camera, run, index, datetime.fromtimestamp(at_s, UTC), at_s, image)


def poison(camera: str, index: int) -> Frame:
    made = frame(camera, index)
    made.image[0, 0] = POISON
    return made


@pytest.fixture
def telemetry() -> LocalTelemetry:
    return LocalTelemetry()


@pytest.fixture
def detector() -> MarkDetector:
    return MarkDetector()


@pytest.fixture
def classifier() -> BrightnessClassifier:
    return BrightnessClassifier()


@pytest.fixture
def pipeline(
    detector: MarkDetector, classifier: BrightnessClassifier, telemetry: LocalTelemetry
) -> Pipeline:
    return Pipeline(
        dict.fromkeys("abc", detector),
        classifier,
        make_tracker=lambda camera, first_id: Tracker(first_id=first_id),
        make_smoother=lambda: ScoreSmoother(tau_s=0.0, hysteresis=0.2),
        telemetry=telemetry,
    )


def faces_of(reading: FrameReading) -> tuple[FaceReading, ...]:
    assert reading.faces is not None
    return reading.faces


def test_one_detection_and_one_classification_for_frames_of_all_cameras(
    pipeline: Pipeline, detector: MarkDetector, classifier: BrightnessClassifier
) -> None:
    pipeline.process([frame("a", 1, 10, 60), frame("b", 1), frame("c", 1, 30, px=80)])
    readings = pipeline.process([frame("a", 2, 10, 60), frame("b", 2), frame("c", 2, 30, px=80)])
    assert [len(faces_of(r)) for r in readings] == [2, 0, 1]
    assert detector.batches == [3, 3]
    assert classifier.batches == [3]  # a face is a track from its second frame on
    [face] = faces_of(readings[2])
    assert face.emotion is Emotion.HAPPY
    assert face.scores[3] == pytest.approx(0.8, abs=0.01)


def test_track_ids_are_per_run_and_go_on_where_they_stood(pipeline: Pipeline) -> None:
    pipeline.open_run("a", "R", first_track_id=41)
    pipeline.process([frame("a", 1, 10), frame("b", 1, 10)])
    first, second = pipeline.process([frame("a", 2, 10), frame("b", 2, 10)])
    assert [face.track_id for face in faces_of(first)] == [41]
    assert [face.track_id for face in faces_of(second)] == [1]
    pipeline.end_run("b", "R")
    pipeline.process([frame("b", 3, 10)])
    assert [f.track_id for f in faces_of(pipeline.process([frame("b", 4, 10)])[0])] == [1]


def test_two_frames_of_one_run_in_a_batch(pipeline: Pipeline) -> None:
    readings = pipeline.process([frame("a", 1, 10), frame("a", 2, 10), frame("a", 3, 12)])
    assert [[f.track_id for f in faces_of(r)] for r in readings] == [[], [1], [1]]


def test_poisonous_frame_is_lost_alone(pipeline: Pipeline, telemetry: LocalTelemetry) -> None:
    pipeline.process([frame("a", 1, 10), frame("b", 1), frame("c", 1, 30)])
    readings = pipeline.process([frame("a", 2, 10), poison("b", 2), frame("c", 2, 30)])
    assert [r.faces is None for r in readings] == [False, True, False]
    assert [len(r.faces or ()) for r in readings] == [1, 0, 1]
    key = ("frame_faults_total", (("camera", "b"), ("stage", "detect")))
    assert telemetry.samples[key] == 1


def test_frame_out_of_order_is_lost_alone(pipeline: Pipeline) -> None:
    pipeline.process([frame("a", 5, 10)])
    late, other = pipeline.process([frame("a", 3, 10), frame("b", 3, 10)])
    assert late.faces is None
    assert other.faces == ()


def test_batch_is_halved_when_memory_is_short_and_grows_again(
    pipeline: Pipeline,
    detector: MarkDetector,
    telemetry: LocalTelemetry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "GROW_AFTER", 2)
    detector.fits = 2
    frames = [frame(camera, 1, 10) for camera in "abcabcab"]
    for i, each in enumerate(frames):
        object.__setattr__(each, "run", f"R{i}")
    readings = pipeline.process(frames)
    assert all(r.faces is not None for r in readings)
    assert detector.batches == [8, 4, 2, 2, 2, 2]
    assert telemetry.samples["batch_halved_total", (("stage", "detect"),)] == 2
    detector.fits, detector.batches = 1000, []
    for index in (2, 3):
        pipeline.process([frame("a", index)])
    detector.batches = []
    pipeline.process(frames)
    assert detector.batches == [4, 4]


def test_no_frames_no_work(pipeline: Pipeline, classifier: BrightnessClassifier) -> None:
    assert pipeline.process([]) == []
    assert classifier.batches == []


def test_what_a_gate_and_still_faces_spare_is_told_and_counted(
    detector: MarkDetector, classifier: BrightnessClassifier, telemetry: LocalTelemetry
) -> None:
    pipeline = Pipeline(
        {"a": detector, "b": detector},
        classifier,
        make_tracker=lambda camera, first_id: Tracker(first_id=first_id),
        make_smoother=lambda: ScoreSmoother(tau_s=0.0, hysteresis=0.2),
        telemetry=telemetry,
        make_gated=lambda camera: GatedDetector(detector, 0.7) if camera == "a" else None,
        classify_after_s=0.5,
    )
    readings = [
        reading
        for index in range(1, 6)
        for reading in pipeline.process([frame("a", index, 10), frame("b", index, 10)])
    ]
    assert [reading.is_gated for reading in readings] == [False, False] + [True, False] * 4
    assert [len(faces_of(reading)) for reading in readings] == [0, 0] + [1, 1] * 4
    scores = [face.scores[3] for reading in readings for face in faces_of(reading)]
    assert scores == pytest.approx([0.8] * 8, abs=0.01)
    assert classifier.batches == [2, 2]  # at 0.4 s and at 1 s
    counted = telemetry.samples
    assert counted["gate_decisions_total", (("camera", "a"), ("kind", "recheck"))] == 4
    assert counted["gate_decisions_total", (("camera", "a"), ("kind", "whole"))] == 1
    assert counted["classifications_spared_total", (("camera", "b"),)] == 2


def test_a_face_that_leaves_within_a_batch_keeps_its_scores_up_to_then(pipeline: Pipeline) -> None:
    lefts = [(10, 60), (10, 60), (10, 60), (10,), (10,)]
    readings = pipeline.process([frame("a", n, *faces) for n, faces in enumerate(lefts, 1)])
    assert [len(faces_of(reading)) for reading in readings] == [0, 2, 2, 1, 1]
