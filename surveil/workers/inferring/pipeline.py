"""Frames of many cameras to faces with an identity and an emotion: detect, track, crop, classify.

Used by the inference worker and by ``surveil analyze``, by one thread. Detection and classification
run over all frames of a call together; tracking and smoothing are kept per run. A frame that one of
them fails on is lost alone: the others of its batch are done without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from surveil.classify import EmptyCropError, crop_face
from surveil.detect import Detector
from surveil.domain import Detection, Frame
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.intervals.smoothing import ScoreSmoother
from surveil.workers.host.lifeline import Telemetry, observe_stage
from surveil.workers.inferring.fitting import BatchFitter
from surveil.workers.inferring.gated import GatedDetector, box_around
from surveil.workers.inferring.score_memory import Look, ScoreMemory


class SeenFace(Protocol):
    """One face of a frame as a tracker hands it on."""

    @property
    def track_id(self) -> int: ...
    @property
    def detection(self) -> Detection: ...


class FaceTracker(Protocol):
    """Follows the faces of one run; see :mod:`surveil.track`."""

    def update(
        self,
        detections: Sequence[Detection],
        at_s: float,
        *,
        frame_size: tuple[int, int] | None = None,
    ) -> Sequence[SeenFace]: ...
    def end(self) -> Sequence[SeenFace]: ...


class EmotionClassifier(Protocol):
    """Scores crops; see :class:`surveil.classify.Classifier`."""

    @property
    def name(self) -> str: ...
    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What is remembered of a run."""

    tracker: FaceTracker
    smoother: ScoreSmoother
    gated: GatedDetector | None
    memory: ScoreMemory


class Pipeline:
    """The stages from frame to emotion.

    Args:
        detectors: The detector of each camera; cameras may share one.
        classifier: For all cameras.
        make_tracker: Makes the tracker of a run, given its camera and the first id it may give.
        make_smoother: Makes the smoother of a run.
        telemetry: Gets ``frame_faults_total`` by stage, ``batch_halved_total``, and by camera
            ``gate_decisions_total`` by kind and ``classifications_spared_total``.
        make_gated: Makes the gated detector of a run, given its camera; None where every frame is
            looked at as a whole.
        classify_after_s: A face that stands still is classified anew after so many seconds; 0 is
            at each frame.
    """

    def __init__(
        self,
        detectors: Mapping[str, Detector],
        classifier: EmotionClassifier,
        *,
        make_tracker: Callable[[str, int], FaceTracker],
        make_smoother: Callable[[], ScoreSmoother],
        telemetry: Telemetry,
        make_gated: Callable[[str], GatedDetector | None] = lambda camera: None,
        classify_after_s: float = 0.0,
    ) -> None:
        self.model = classifier.name
        self._detectors = detectors
        self._classifier = classifier
        self._make_tracker = make_tracker
        self._make_smoother = make_smoother
        self._telemetry = telemetry
        self._make_gated = make_gated
        self._classify_after_s = classify_after_s
        self._runs: dict[tuple[str, str], _Run] = {}
        self._fitter = BatchFitter(telemetry)

    def open_run(self, camera: str, run: str, first_track_id: int = 1) -> None:
        """Begin a run whose first track ids were given before; unknown runs begin at 1."""
        self._runs[camera, run] = _Run(
            self._make_tracker(camera, first_track_id),
            self._make_smoother(),
            self._make_gated(camera),
            ScoreMemory(self._classify_after_s),
        )

    def end_run(self, camera: str, run: str) -> None:
        """Forget a run's tracks."""
        self._runs.pop((camera, run), None)

    def process(self, frames: Sequence[Frame], *, ends_run: bool = False) -> list[FrameReading]:
        """Analyse frames, of any cameras and sizes, those of a run in order of time.

        Args:
            frames: Some.
            ends_run: Whether the last frame is the last of its run, as is known of a clip. What its
                tracker still held back is then told of that frame.

        Returns:
            One reading per frame, in the same order.
        """
        began = time.monotonic()
        found, spared = self._detect(frames)
        observe_stage(self._telemetry, "detect", time.monotonic() - began)
        seen = [
            None if faces is None else self._track(frame, faces)
            for frame, faces in zip(frames, found, strict=True)
        ]
        if ends_run and seen and seen[-1] is not None:
            seen[-1] += self._run_of(frames[-1]).tracker.end()
        looks: list[list[Look]] = []
        due: list[list[Look]] = []
        crops: list[list[NDArray[np.uint8]]] = []
        for i, (frame, faces) in enumerate(zip(frames, seen, strict=True)):
            kept, cut = self._crop(frame, faces or ())
            if faces is not None:
                seen[i] = kept
            all_looks, chosen = self._looks(frame, kept, cut)
            looks.append(all_looks)
            due.append([all_looks[place] for place in chosen])
            crops.append([cut[place] for place in chosen])
        began = time.monotonic()
        scores = self._classify(frames, crops)
        observe_stage(self._telemetry, "classify", time.monotonic() - began)
        for new, rows in zip(due, scores, strict=True):
            for place, look in enumerate(new):
                if rows is None:
                    look.give_up()
                else:
                    look.scores = rows[place]
        self._fitter.relax()
        return [
            FrameReading(
                frame,
                None if faces is None else self._smooth(frame, faces, had),
                is_gated=is_spared,
            )
            for frame, faces, had, is_spared in zip(frames, seen, looks, spared, strict=True)
        ]

    def _run_of(self, frame: Frame) -> _Run:
        if (frame.camera, frame.run) not in self._runs:
            self.open_run(frame.camera, frame.run)
        return self._runs[frame.camera, frame.run]

    def _detect(self, frames: Sequence[Frame]) -> tuple[list[list[Detection] | None], list[bool]]:
        """Return the faces of each frame, and whether all looking for new ones was spared."""
        found: list[list[Detection] | None] = [None] * len(frames)
        spared = [False] * len(frames)
        by_detector: dict[Detector, list[int]] = {}
        for i, frame in enumerate(frames):
            if gated := self._run_of(frame).gated:
                found[i], spared[i] = self._detect_gated(frames, i, gated)
                continue
            by_detector.setdefault(self._detectors[frame.camera], []).append(i)
        for detector, places in by_detector.items():

            def work(part: Sequence[int], detector: Detector = detector) -> list[list[Detection]]:
                return detector.detect([frames[i].image for i in part])

            results = self._fitter.run(work, places, frames, "detect")
            for i, faces in zip(places, results, strict=True):
                found[i] = faces
        return found, spared

    def _detect_gated(
        self, frames: Sequence[Frame], place: int, gated: GatedDetector
    ) -> tuple[list[Detection] | None, bool]:
        frame = frames[place]

        def work(part: Sequence[int]) -> list[tuple[list[Detection], str]]:
            return [gated.detect(frame)]

        (result,) = self._fitter.run(work, [place], frames, "detect")
        if result is None:
            return None, False
        faces, kind = result
        self._telemetry.count("gate_decisions_total", kind=kind, camera=frame.camera)
        return faces, kind in ("skip", "recheck")

    def _track(self, frame: Frame, faces: list[Detection]) -> list[SeenFace] | None:
        tracker = self._run_of(frame).tracker
        try:
            return list(tracker.update(faces, frame.captured_mono_s, frame_size=frame.size))
        except ValueError as error:  # out of order in time
            self._fitter.fault(error, frame, "track")
            return None

    def _crop(
        self, frame: Frame, faces: Sequence[SeenFace]
    ) -> tuple[list[SeenFace], list[NDArray[np.uint8]]]:
        kept, crops = [], []
        # A crop is no larger than the square about its box.
        image = frame.showing([box_around(face.detection.box) for face in faces])
        for face in faces:
            try:
                crops.append(crop_face(image, face.detection.box))
                kept.append(face)
            except EmptyCropError:
                self._telemetry.count("frame_faults_total", stage="crop", camera=frame.camera)
        return kept, crops

    def _classify(
        self, frames: Sequence[Frame], crops: Sequence[list[NDArray[np.uint8]]]
    ) -> list[NDArray[np.float32] | None]:
        def work(part: Sequence[int]) -> list[NDArray[np.float32]]:
            rows = self._classifier.classify([crop for i in part for crop in crops[i]])
            ends = np.cumsum([len(crops[i]) for i in part])
            return np.split(rows, ends[:-1])

        scores: list[NDArray[np.float32] | None] = [np.empty((0, 7), np.float32) for _ in frames]
        places = [i for i, cut in enumerate(crops) if cut]
        results = self._fitter.run(work, places, frames, "classify")
        for i, rows in zip(places, results, strict=True):
            scores[i] = rows
        return scores

    def _looks(
        self, frame: Frame, faces: Sequence[SeenFace], crops: Sequence[NDArray[np.uint8]]
    ) -> tuple[list[Look], list[int]]:
        """Return the look of each face, and the places of those that are to be classified."""
        memory = self._run_of(frame).memory
        memory.keep_only({face.track_id for face in faces})
        looks, places = [], []
        for place, (face, crop) in enumerate(zip(faces, crops, strict=True)):
            box = face.detection.box
            look, is_new = memory.look_of(face.track_id, box, crop, frame.captured_mono_s)
            looks.append(look)
            if is_new:
                places.append(place)
        if spared := len(faces) - len(places):
            self._telemetry.count("classifications_spared_total", spared, camera=frame.camera)
        return looks, places

    def _smooth(
        self, frame: Frame, faces: Sequence[SeenFace], looks: Sequence[Look]
    ) -> tuple[FaceReading, ...] | None:
        """Return a frame's faces with their scores over time; None if one has no scores."""
        smoother = self._run_of(frame).smoother
        readings = []
        for face, look in zip(faces, looks, strict=True):
            if look.scores is None:
                return None
            smoothed = smoother.update(face.track_id, look.scores, frame.captured_mono_s)
            readings.append(
                FaceReading(
                    track_id=face.track_id,
                    detection=face.detection,
                    scores=tuple(float(score) for score in smoothed),
                    emotion=smoother.emotion(face.track_id),
                )
            )
        return tuple(readings)
