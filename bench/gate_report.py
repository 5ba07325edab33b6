"""What the gate before detection spares, and what it costs.

    python bench/gate_report.py CLIP.mp4 [CLIP.mp4 ...] [--fps 5] [--phase 0 1 2 3 4] [--jobs 2]

Each clip goes through the pipeline three times at once, frame by frame in turn: looking at all of
each frame and classifying each face, with the gate alone, and with the gate and with faces that
stand still classified every 0.5 s, as configured by default. With several phases it is sampled so
many times, beginning so many pictures later.

A face with a score of 0.9 that the first finds and another does not (IoU 0.5) is lost. How late a
new face is counts from the frame in which the first tells it. Where `CLIP.truth.json` of the
scenario tool lies beside a clip, each second's middle is compared with it: settled faces that were
seen, and with the expression they show, and visits that are one track (where two faces meet, the
one observation may be of either, and is left out). Processor time is that of
the whole process in `Pipeline.process`, one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from scenario_truth import Figures, Observed
from scenario_truth import compare as compare_with_truth

from surveil.detect import DetectionMode
from surveil.domain import Box, Frame
from surveil.intervals.readings import FaceReading
from surveil.models import Precision
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, build_pipeline
from surveil.workers.inferring.pipeline import Pipeline

WAYS = {"whole": (False, 0.0), "gate": (True, 0.0), "gate + 0.5 s": (True, 0.5)}
START = datetime(2026, 1, 1, tzinfo=UTC)
SURE = 0.9
LATE_S = 0.4


class Built(NamedTuple):
    pipeline: Pipeline
    telemetry: LocalTelemetry


@dataclass(eq=False)
class Way:
    """One way to analyse a clip, and what it found."""

    pipeline: Pipeline
    telemetry: LocalTelemetry
    kinds_before: Counter[str]
    faces: list[tuple[FaceReading, ...]] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    def process(self, frame: Frame) -> None:
        began = time.process_time()
        (reading,) = self.pipeline.process([frame])
        self.cpu_ms.append(1000 * (time.process_time() - began))
        self.faces.append(reading.faces or ())
        self.times_s.append(frame.captured_mono_s)


@dataclass
class Sums:
    """What one way is to be shown by, of one clip or of several."""

    cpu_ms: list[float] = field(default_factory=list)
    faces: int = 0
    lost: int = 0
    added: int = 0
    differ: int = 0
    delays_s: list[float] = field(default_factory=list)
    never: int = 0
    truth: Figures = field(default_factory=Figures)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Sums) -> None:
        self.cpu_ms += other.cpu_ms
        self.delays_s += other.delays_s
        self.kinds += other.kinds
        for name in ("faces", "lost", "added", "differ", "never"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("settled", "settled_seen", "settled_right", "visits", "visits_one_track"):
            setattr(self.truth, name, getattr(self.truth, name) + getattr(other.truth, name))

    def row(self) -> str:
        faces, truth = max(self.faces, 1), self.truth
        late = sum(delay > LATE_S for delay in self.delays_s) + self.never
        delays = [*self.delays_s, 0.0]
        settled = max(truth.settled, 1)
        return (
            f"{statistics.median(self.cpu_ms):>6.1f} {statistics.mean(self.cpu_ms):>6.1f}"
            f" {100 * self.lost / faces:>6.2f} {100 * self.added / faces:>6.2f}"
            f" {100 * self.differ / faces:>6.2f} {np.percentile(delays, 95):>5.2f}"
            f" {max(delays):>5.1f} {late:>5d} {100 * truth.settled_seen / settled:>6.1f}"
            f" {100 * truth.settled_right / settled:>6.1f} {truth.visits_one_track:>5d}"
        )


@cache
def build(is_gated: bool, classify_after_s: float, detection: str, precision: str) -> Built:
    """Load a pipeline, once a process: networks take longer with shapes that they first see."""
    telemetry = LocalTelemetry()
    pipeline = build_pipeline(
        {"clip": FaceOptions(min_face_px=40, min_score=SURE)},
        model="emotion-resnet18", device="cpu", smoothing_tau_s=0.3, hysteresis=0.2,
        telemetry=telemetry, threads=1, gated=["clip"] if is_gated else (),
        classify_after_s=classify_after_s, detection=DetectionMode(detection),
        precision=Precision(precision),
    )  # fmt: skip
    return Built(pipeline, telemetry)


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


def compare(whole: Way, other: Way, fps: float) -> Sums:
    """Count faces lost and added, expressions that differ, and how late new faces are."""
    sums = Sums(cpu_ms=other.cpu_ms)
    waiting: dict[int, int] = {}
    known: set[int] = set()
    for i, (wanted, got) in enumerate(zip(whole.faces, other.faces, strict=True)):
        for face in wanted:
            if face.track_id not in known:
                known.add(face.track_id)
                waiting[face.track_id] = i
            match = best(face, got)
            if match is not None and face.track_id in waiting:
                sums.delays_s.append((i - waiting.pop(face.track_id)) / fps)
            if face.detection.score < SURE:
                continue
            sums.faces += 1
            sums.lost += match is None
            sums.differ += match is not None and match.emotion != face.emotion
        sums.added += sum(
            best(face, wanted) is None for face in got if face.detection.score >= SURE
        )
    sums.never = len(waiting)
    return sums


def observed(way: Way, size: tuple[int, int], seconds: Iterable[int]) -> Iterator[Observed]:
    """Yield what was found in the middle of each second, as the store would tell it."""
    width, height = size
    for second in seconds:
        near = min(range(len(way.faces)), key=lambda i: abs(way.times_s[i] - second - 0.5))
        for face in way.faces[near]:
            x1, y1, x2, y2 = face.detection.box.xyxy
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
            at = START + timedelta(seconds=second)
            yield Observed(at, "run", face.track_id, box, face.emotion.value)


def without_hidden(truth: dict[str, Any]) -> dict[str, Any]:
    """Leave out faces in the seconds in which they meet another, where either may be in front."""
    seconds = [
        second | {"faces": [one for one in faces if not any(meet(one, other) for other in faces)]}
        for second in truth["seconds_truth"]
        for faces in [second["faces"]]
    ]
    return truth | {"seconds_truth": seconds}


def meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one is not other and iou(Box(*one["box"]), Box(*other["box"])) > 0


def decisions(telemetry: LocalTelemetry) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (name, labels), value in telemetry.samples.items():
        if name == "gate_decisions_total":
            counts[dict(labels)["kind"]] += int(value)
    return counts


def measure(clip: Path, phase: int, fps: float, detection: str, precision: str) -> dict[str, Sums]:
    ways = {}
    for name, options in WAYS.items():
        built = build(*options, detection, precision)
        ways[name] = Way(*built, decisions(built.telemetry))
    run = f"{clip}-{phase}"
    with av.open(str(clip)) as container:
        next_s: float | None = None
        for index, picture in enumerate(container.decode(video=0)):
            at_s = float(picture.time or 0.0)
            if index < phase or (next_s is not None and at_s + 1e-6 < next_s):
                continue
            next_s = (at_s if next_s is None else next_s) + 1 / fps
            image = picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            at = START + timedelta(seconds=at_s)
            for way in ways.values():
                way.process(Frame("clip", run, index, at, at_s, image))
    result = {name: compare(ways["whole"], way, fps) for name, way in ways.items()}
    path = clip.with_suffix(".truth.json")
    truth = without_hidden(json.loads(path.read_text())) if path.exists() else None
    for name, sums in result.items():
        way = ways[name]
        sums.kinds = decisions(way.telemetry) - way.kinds_before
        if truth:
            seconds = [second["t"] for second in truth["seconds_truth"]]
            seen = observed(way, (truth["width"], truth["height"]), seconds)
            compare_with_truth(truth, seen, shown_at=START, into=sums.truth)
    return result


def show(title: str, ways: dict[str, Sums]) -> None:
    whole = ways["whole"]
    print(
        f"{title}: {len(whole.cpu_ms)} frames, {whole.faces} faces >= {SURE},"
        f" {len(whole.delays_s)} new faces, {whole.truth.settled} settled face-seconds,"
        f" {whole.truth.visits} visits"
    )
    print(
        f"{'':>14} {'ms':>6} {'mean':>6} {'lost%':>6} {'added%':>6} {'expr%':>6}"
        f" p95_s max_s >{LATE_S}s  seen% right% one track"
    )
    for name, sums in ways.items():
        print(f"{name:>14} {sums.row()}")
        if sums.kinds:
            kinds = sorted(sums.kinds.items())
            print(f"{'':>14} {' '.join(f'{kind} {number}' for kind, number in kinds)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument(
        "--phase", type=int, nargs="+", default=[0], help="pictures of a clip that are passed over"
    )
    parser.add_argument("--detection", choices=[mode.value for mode in DetectionMode],
                        default=DetectionMode.FAST.value)  # fmt: skip
    parser.add_argument("--precision", choices=[one.value for one in Precision],
                        default=Precision.INT8.value)  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, help="clips measured at once")
    args = parser.parse_args()
    tasks = list(product(args.clips, args.phase))
    total = {name: Sums() for name in WAYS}
    with ProcessPoolExecutor(args.jobs) as pool:
        how = (args.fps, args.detection, args.precision)
        waiting = [pool.submit(measure, *task, *how) for task in tasks]
        for (clip, phase), one in zip(tasks, waiting, strict=True):
            ways = one.result()
            show(f"{clip.parent.name}/{clip.stem}, phase {phase}", ways)
            for name, sums in ways.items():
                total[name].add(sums)
    if len(tasks) > 1:
        show("all", total)


if __name__ == "__main__":
    main()
