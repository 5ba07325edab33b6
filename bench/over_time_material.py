"""Courses with known truth from the third-party test material, each classified once and kept.

Everything is read by the code that serves cameras. Only people and pictures that the model was not
trained on are used. What was classified is kept under the name of exactly that model.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scenario_truth import iou

from surveil.classify import Classifier, crop_face
from surveil.clips.analyze import Moment, analyze_clip
from surveil.config import CameraDefaults
from surveil.detect import MtcnnDetector
from surveil.domain import EMOTIONS, Box
from surveil.models import find_model, read_facts
from surveil.policy import INDIVIDUAL
from surveil.training.measure.over_time import Course, Spell
from surveil.training.measure.switches import Pool
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, build_pipeline

PORTRAIT_PX = 640
FACE_PX = (40, 160)
"""Heights of faces on the pictures that a camera would give of a portrait."""


class Material:
    """The test material as one model sees it.

    Args:
        shared: Folder of the third-party test material.
        model: Name or folder.
        work: Folder to keep clips and scores in.
    """

    def __init__(self, shared: Path, model: str, work: Path) -> None:
        self._shared, self._model, self._work = shared, model, work
        self.facts = read_facts(find_model(model))
        self._kept = work / self.facts.versioned_name
        self._kept.mkdir(parents=True, exist_ok=True)

    def publictest(self, images: int = 100, views: int = 8) -> Pool:
        """Return a pool of all seven emotions, of ``images`` pictures each (fewer of disgust)."""

        def crops() -> dict[int, list[list[NDArray[np.uint8]]]]:
            random = np.random.default_rng(0)
            table = pd.read_parquet(self._shared / "data" / "fer2013" / "publictest.parquet")
            found = {}
            for emotion in range(len(EMOTIONS)):
                data = table.image[table.emotion == emotion]
                found[emotion] = [
                    [_jittered(_decode(one), random) for _ in range(views)]
                    for one in data.sample(min(images, len(data)), random_state=0)
                ]
            return found

        return self._pool(f"publictest-{images}-{views}", crops)

    def london(self, views: int = 24) -> Pool:
        """Return a pool of happy and neutral, of the portraits of people not trained on."""

        def crops() -> dict[int, list[list[NDArray[np.uint8]]]]:
            random = np.random.default_rng(0)
            detector = MtcnnDetector(min_face_px=80, min_score=0.9)
            pictures: dict[int, list[list[NDArray[np.uint8]]]] = defaultdict(list)
            portraits = self._portraits()
            for data, emotion in zip(portraits.image, portraits.emotion, strict=True):
                picture = _decode(data)
                scale = PORTRAIT_PX / max(picture.shape[:2])
                picture = _scaled(picture, scale)
                if found := detector.detect([picture])[0]:
                    box = max(found, key=lambda face: face.box.height).box
                    pictures[emotion].append([_seen(picture, box, random) for _ in range(views)])
            return pictures

        return self._pool(f"london-{views}", crops)

    def clip(self, seed: int, seconds: int, fps: float = 5.0) -> list[Course]:
        """Return the faces of one clip of the scenario tool, of people not trained on."""
        people = self._work / f"people-{self.facts.training['manifest_sha256'][:12]}"
        folder = self._work / f"{people.name}-{seconds}-{seed}"
        kept = self._kept / f"clip-{seconds}-{seed}-{fps:g}.json"
        if not (folder / "cam0.truth.json").exists():
            self._write_people(people)
            options = ["--parquet", people / "custom.parquet", "--cameras", 1]
            options += ["--seconds", seconds, "--seed", seed]
            tool = self._shared / "tools" / "scenario.py"
            subprocess.run([sys.executable, tool, folder, *map(str, options)], check=True)
        if not kept.exists():
            kept.write_text(json.dumps(_watch(folder / "cam0.mp4", self._model, fps)))
        truth = json.loads((folder / "cam0.truth.json").read_text())
        return courses_of(truth, json.loads(kept.read_text()))

    def _portraits(self) -> pd.DataFrame:
        table = pd.read_parquet(self._shared / "data" / "custom" / "custom.parquet")
        return table[table.person.isin(self.facts.training["people_held_out"]["london_ccby"])]

    def _write_people(self, folder: Path) -> None:
        """Write the scenario tool's input with the people who were not trained on alone."""
        folder.mkdir(exist_ok=True)
        table = self._portraits()
        boxes = pd.read_csv(self._shared / "data" / "custom" / "portrait_boxes.csv")
        boxes[boxes.name.isin(table.name)].to_csv(folder / "portrait_boxes.csv", index=False)
        table.to_parquet(folder / "custom.parquet")

    def _pool(self, name: str, crops: Any) -> Pool:
        kept = self._kept / f"{name}.npz"
        if not kept.exists():
            classifier = Classifier.load(find_model(self._model))
            scores: dict[str, Any] = {
                str(emotion): np.stack([classifier.classify(views) for views in pictures])
                for emotion, pictures in crops().items()
            }
            np.savez(kept, **scores)
        with np.load(kept) as stored:
            return {int(emotion): stored[emotion] for emotion in stored.files}


def courses_of(truth: dict[str, Any], tracks: dict[str, list[list[Any]]]) -> list[Course]:
    """Return one course per track that is somebody's.

    Args:
        truth: The content of a ``camN.truth.json``.
        tracks: Track id to its frames: time, box and scores, as :func:`_watch` gives them.
    """
    courses = []
    for frames in tracks.values():
        visits: Counter[int] = Counter()
        for second in truth["seconds_truth"]:
            middle = second["t"] + 0.5
            time_s, box, _ = min(frames, key=lambda frame: abs(frame[0] - middle))
            if abs(time_s - middle) > 0.25:
                continue
            for face in second["faces"]:
                if iou(tuple(face["box"]), tuple(box)) >= 0.5:
                    visits[_visit(truth, face["person"], middle)] += 1
        if not visits:
            continue
        visit = truth["people"][visits.most_common(1)[0][0]]
        spells = tuple(
            Spell(from_s, to_s, EMOTIONS.index(mood)) for from_s, to_s, mood in visit["expressions"]
        )
        settled = frozenset(
            second["t"]
            for second in truth["seconds_truth"]
            for face in second["faces"]
            if face["person"] == visit["person"] and face["settled"]
        )
        times_s = np.array([time_s for time_s, _, _ in frames])
        scores = np.array([row for _, _, row in frames], np.float32)
        courses.append(Course(times_s, scores, spells, settled))
    return courses


def _visit(truth: dict[str, Any], person: str, at_s: float) -> int:
    return next(
        place
        for place, visit in enumerate(truth["people"])
        if visit["person"] == person and visit["enter_s"] <= at_s < visit["leave_s"]
    )


def _watch(
    clip: Path, model: str, fps: float
) -> dict[int, list[tuple[float, list[float], list[float]]]]:
    """Return what the pipeline makes of a clip without smoothing: time, box, scores per track."""
    camera = CameraDefaults()
    pipeline = build_pipeline(
        {str(clip): FaceOptions(camera.min_face_px, camera.min_score)},
        model=model,
        device="cpu",
        smoothing_tau_s=0.0,
        hysteresis=0.0,
        telemetry=LocalTelemetry(),
    )
    moments: list[Moment] = analyze_clip(
        clip,
        pipeline,
        sample_fps=fps,
        interval_s=1.0,
        hysteresis=0.0,
        policy=INDIVIDUAL,
        keep_moments=True,
    ).moments
    tracks: dict[int, list[tuple[float, list[float], list[float]]]] = defaultdict(list)
    for moment in moments:
        for face in moment.faces:
            box = list(face.detection.box.xyxy)
            tracks[face.track_id].append((moment.time_s, box, list(face.scores)))
    return tracks


def _decode(data: bytes) -> NDArray[np.uint8]:
    bgr = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(bgr[:, :, ::-1])


def _scaled(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _jittered(face: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Return a framed face as another frame would show it: moved, turned, lit and noisy a bit."""
    side = face.shape[0]
    turn = cv2.getRotationMatrix2D(
        (side / 2, side / 2), random.uniform(-4, 4), random.uniform(0.94, 1.06)
    )
    turn[:, 2] += random.uniform(-0.04, 0.04, 2) * side
    moved = cv2.warpAffine(face, turn, (side, side), borderMode=cv2.BORDER_REFLECT_101)
    return _lit(np.asarray(moved, np.uint8), random)


def _seen(picture: NDArray[np.uint8], box: Box, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return the crop of a face as a camera at some distance gives it, the box off by a bit."""
    scale = random.uniform(*FACE_PX) / box.height
    small = _scaled(picture, scale)
    dx, dy = random.uniform(-0.04, 0.04, 2) * box.height
    grown = random.uniform(-0.03, 0.03) * box.height
    near = Box(
        *(
            float(edge * scale)
            for edge in (
                box.x1 + dx - grown,
                box.y1 + dy - grown,
                box.x2 + dx + grown,
                box.y2 + dy + grown,
            )
        )
    )
    return crop_face(_lit(small, random), near)


def _lit(pixels: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    noisy = pixels * random.uniform(0.88, 1.12) + random.normal(0, 4.0, pixels.shape)
    packed = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [1, 60])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
