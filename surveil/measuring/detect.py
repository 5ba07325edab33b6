"""How long detection takes, by mode, on one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from surveil.detect import DetectionMode, MtcnnDetector, MtcnnNetworks
from surveil.measuring.laps import Lap, alternate, lap, middle
from surveil.measuring.pictures import Image, read_pictures, use_one_thread
from surveil.measuring.reference import load_reference
from surveil.measuring.report import Figure, Report, Table
from surveil.measuring.stages import by_stage, stage_table
from surveil.models import Precision

FIGURES = (
    Figure("way", "what"),
    Figure("cpu_ms", "ms/picture", 2),
    Figure("wall_ms", "ms by the clock", 2),
    Figure("times", "times as fast", 1),
    Figure("faces", "faces/picture", 2),
)
PEER = "facenet-pytorch"
NOTES = (
    "Medians of alternating rounds over the same decoded pictures, one thread. Times as fast is "
    "by processor time, against the first row. docs/detection.md has what each mode loses.",
    "Stages: a run more of each mode, looked at each millisecond.",
)


@dataclass(frozen=True, slots=True)
class DetectLoad:
    """What is detected on; see :func:`surveil.measuring.pictures.read_pictures`."""

    clips: Sequence[Path] = ()
    pictures: int = 40
    sample_fps: float = 2.0
    min_face_px: int = 40
    peer: bool = False


def measure_detect(load: DetectLoad, rounds: int) -> Report:
    """Detect by all modes in turn, and by facenet-pytorch if asked for.

    Raises:
        ConfigError: facenet-pytorch is asked for and not installed, or there is no picture.
        SourceError: A clip cannot be read.
    """
    use_one_thread()
    images = read_pictures(load.clips, load.pictures, load.sample_fps)
    ways = _ways(load)
    faces = {name: sum(map(detect, images)) for name, detect in ways.items()}  # warms up, too
    laps = alternate({name: partial(_run, detect, images) for name, detect in ways.items()}, rounds)
    rows: list[dict[str, Any]] = []
    for name, found in laps.items():
        one = middle(found)
        ms = one.cpu_us / 1000
        first = rows[0]["cpu_ms"] if rows else ms
        rows.append(
            {
                "way": name,
                "cpu_ms": ms,
                "wall_ms": 1000 / one.per_s,
                "times": first / ms,
                "faces": faces[name] / len(images),
            }
        )
    height, width = images[0].shape[:2]
    settings = {
        "pictures": len(images),
        "size": f"{width}x{height}",
        "min_face_px": load.min_face_px,
        "threads": 1,
        "rounds": rounds,
    }
    return Report("detect", settings, FIGURES, rows, NOTES, [_by_stage(ways, images)])


def _by_stage(ways: dict[str, Callable[[Image], int]], images: Sequence[Image]) -> Table:
    """Say in which stages the time goes, in one more run of each mode of surveil."""
    spent: dict[str, tuple[dict[str, float], int]] = {}
    for name, detect in ways.items():
        if name != PEER:
            with by_stage() as found:
                _run(detect, images)
            spent[name] = found, len(images)
    return stage_table(spent, "ms/picture")


def _ways(load: DetectLoad) -> dict[str, Callable[[Image], int]]:
    ways: dict[str, Callable[[Image], int]] = {}
    if load.peer:
        reference = load_reference(load.min_face_px)
        ways[PEER] = lambda image: len(reference(image))
    for mode, precision in (
        (DetectionMode.EXACT, Precision.FLOAT32),
        (DetectionMode.FAST, Precision.FLOAT32),
        (DetectionMode.FAST, Precision.INT8),
    ):
        networks = MtcnnNetworks.load(threads=1, precision=precision)
        detector = MtcnnDetector(min_face_px=load.min_face_px, networks=networks, mode=mode)
        ways[f"{mode}, {precision}"] = partial(_count, detector)
    return ways


def _count(detector: MtcnnDetector, image: Image) -> int:
    (faces,) = detector.detect([image])
    return len(faces)


def _run(detect: Callable[[Image], int], images: Sequence[Image]) -> Lap:
    with lap(len(images)) as result:
        for image in images:
            detect(image)
    return result
