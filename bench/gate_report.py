"""What the gate before detection spares, and what it costs.

    python bench/gate_report.py CLIP.mp4 [CLIP.mp4 ...] [--fps 5]

Each clip goes through the pipeline three times at once, frame by frame in turn: looking at all of
each frame and classifying each face, with the gate alone, and with the gate and with faces that
stand still classified every 0.5 s, as configured by default. A face with a score of 0.9 that the
first finds and another does not (IoU 0.5) is lost. Where `CLIP.truth.json` of the scenario tool
lies beside a clip, `right%` are the settled face-seconds seen with the expression they show.
Processor time is that of the whole process in `Pipeline.process`, one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np

from surveil.domain import Box, Frame
from surveil.intervals.readings import FaceReading
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, build_pipeline
from surveil.workers.inferring.pipeline import Pipeline

WAYS = {"whole": (False, 0.0), "gate": (True, 0.0), "gate + 0.5 s": (True, 0.5)}
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class Way:
    """One way to analyse, and what it found."""

    pipeline: Pipeline
    telemetry: LocalTelemetry
    faces: list[tuple[FaceReading, ...]] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    def process(self, frame: Frame) -> None:
        began = time.process_time()
        (reading,) = self.pipeline.process([frame])
        self.cpu_ms.append(1000 * (time.process_time() - began))
        self.faces.append(reading.faces or ())
        self.times_s.append(frame.captured_mono_s)


def build(is_gated: bool, classify_after_s: float) -> Way:
    telemetry = LocalTelemetry()
    pipeline = build_pipeline(
        {"clip": FaceOptions(min_face_px=40, min_score=0.9)},
        model="emotion-resnet18", device="cpu", smoothing_tau_s=0.3, hysteresis=0.2,
        telemetry=telemetry, threads=1, gated=["clip"] if is_gated else (),
        classify_after_s=classify_after_s,
    )  # fmt: skip
    return Way(pipeline, telemetry)


def iou(one: Box, other: Box) -> float:
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one.width * one.height + other.width * other.height - both)


def best(face: FaceReading, among: tuple[FaceReading, ...]) -> FaceReading | None:
    """Return the face at the same place."""
    near = max(among, key=lambda one: iou(one.detection.box, face.detection.box), default=None)
    if near is None or iou(near.detection.box, face.detection.box) < 0.5:
        return None
    return near


def compare(whole: Way, other: Way, fps: float) -> str:
    """Return a row: faces lost and added, expressions that differ, delay of new faces."""
    faces = lost = differ = 0
    delays: list[float] = []
    waiting: dict[int, int] = {}
    known: set[int] = set()
    for i, (wanted, got) in enumerate(zip(whole.faces, other.faces, strict=True)):
        for face in wanted:
            if face.track_id not in known:
                known.add(face.track_id)
                waiting[face.track_id] = i
            match = best(face, got)
            if match is not None and face.track_id in waiting:
                delays.append((i - waiting.pop(face.track_id)) / fps)
            if face.detection.score < 0.9:
                continue
            faces += 1
            lost += match is None
            differ += match is not None and match.emotion != face.emotion
    added = sum(
        best(face, wanted) is None
        for wanted, got in zip(whole.faces, other.faces, strict=True)
        for face in got
        if face.detection.score >= 0.9
    )
    tracks = len({face.track_id for faces in other.faces for face in faces})
    late = max(delays, default=0.0)
    return (
        f"{100 * lost / max(faces, 1):>6.2f} {100 * added / max(faces, 1):>6.2f}"
        f" {100 * differ / max(faces, 1):>6.2f} {late:>6.1f} {len(waiting):>5d} {tracks:>6d}"
    )


def right(way: Way, clip: Path) -> str:
    """Return the part of settled face-seconds that were seen and classified as they are."""
    path = clip.with_suffix(".truth.json")
    if not path.exists():
        return ""
    total = hits = 0
    for second in json.loads(path.read_text())["seconds_truth"]:
        near = min(range(len(way.faces)), key=lambda i: abs(way.times_s[i] - second["t"]))
        for face in second["faces"]:
            if face["settled"]:
                total += 1
                place = Box(*face["box"])
                found = max(
                    way.faces[near], key=lambda one: iou(one.detection.box, place), default=None
                )
                hits += (
                    found is not None
                    and iou(found.detection.box, place) > 0.3
                    and found.emotion.value == face["expression"]
                )
    return f"{100 * hits / max(total, 1):>6.1f} of {total}"


def kinds(way: Way) -> str:
    counts: Counter[str] = Counter()
    for (name, labels), value in way.telemetry.samples.items():
        if name == "gate_decisions_total":
            counts[dict(labels)["kind"]] += int(value)
    return " ".join(f"{kind} {number}" for kind, number in sorted(counts.items()))


def report(clip: Path, fps: float) -> None:
    ways = {name: build(*options) for name, options in WAYS.items()}
    with av.open(str(clip)) as container:
        next_s = 0.0
        for index, picture in enumerate(container.decode(video=0)):
            at_s = float(picture.time or 0.0)
            if at_s + 1e-6 < next_s:
                continue
            next_s += 1 / fps
            image = picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            at = START + timedelta(seconds=at_s)
            for way in ways.values():
                way.process(Frame("clip", "run", index, at, at_s, image))
    whole = ways["whole"]
    total = sum(len(faces) for faces in whole.faces)
    print(f"{clip.stem}: {len(whole.faces)} frames, {total} faces")
    print(
        f"{'':>14} {'ms':>6} {'mean':>6} {'lost%':>6} {'added%':>6} {'expr%':>6}"
        " late_s never tracks  right%"
    )
    for name, way in ways.items():
        row = compare(whole, way, fps)
        speed = f"{statistics.median(way.cpu_ms):>6.1f} {statistics.mean(way.cpu_ms):>6.1f}"
        print(f"{name:>14} {speed} {row} {right(way, clip)}")
        if decisions := kinds(way):
            print(f"{'':>14} {decisions}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--fps", type=float, default=5.0)
    args = parser.parse_args()
    for clip in args.clips:
        report(clip, args.fps)


if __name__ == "__main__":
    main()
