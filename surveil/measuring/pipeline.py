"""How long a frame takes from the file to the scores of its faces, on one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from surveil.classify import Classifier, EmptyCropError, crop_face
from surveil.config.schema import Inference
from surveil.detect import DetectionMode
from surveil.domain import Box, Frame
from surveil.engines import EngineName
from surveil.measuring.laps import Lap, alternate, lap, middle
from surveil.measuring.peers import NotMeasuredError, Peer, prepare, running
from surveil.measuring.pictures import options_of, use_one_thread
from surveil.measuring.reference import load_reference
from surveil.measuring.report import Figure, Report, Table
from surveil.measuring.stages import by_stage, stage_table
from surveil.models import Precision, find_model
from surveil.simulate.examples import CLIPS
from surveil.sources.files import read_file
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, build_pipeline
from surveil.workers.inferring.pipeline import Pipeline

MIN_SCORE = 0.9
PEER = "facenet-pytorch"
DECODING = "decoding alone"
PEER_FRAMES = 60
"""Most frames that other systems are given, decoded, in memory."""
PEERS_NOTE = "Other systems get the first frames of the clip decoded, in a process of their own."

FIGURES = (
    Figure("way", "what"),
    Figure("cpu_ms", "ms/frame", 2),
    Figure("wall_ms", "ms by the clock", 2),
    Figure("times", "times as fast", 1),
    Figure("faces", "faces/frame", 2),
)
NOTES = (
    "Each row decodes the file and does the rest on one thread; medians of alternating rounds. "
    "Times as fast is by processor time, against the first row.",
    "stages: a run more of each way, looked at each millisecond.",
)


@dataclass(frozen=True, slots=True)
class PipelineLoad:
    """What is analysed: a clip, one that comes with surveil if none is given."""

    clip: Path | None = None
    frames: int = 250
    sample_fps: float = 120.0
    min_face_px: int = 40
    model: str = "emotion-resnet18"
    peer: bool = False
    peers: tuple[Peer, ...] = ()


def measure_pipeline(
    load: PipelineLoad, rounds: int, say: Callable[[str], None] = lambda line: None
) -> Report:
    """Analyse a clip in several ways by turns.

    Args:
        load: What is analysed, and in which ways.
        rounds: How often.
        say: Told what is installed for other systems.

    Raises:
        ConfigError: facenet-pytorch is asked for and not installed.
        ModelError: The model is missing or damaged.
        SourceError: The clip cannot be read.
    """
    load = load if load.clip else replace(load, clip=next(iter(CLIPS.values())))
    use_one_thread()
    ways = _ways(load)
    faces: dict[str, int] = {}
    runs: dict[str, Callable[[], Lap]] = {
        name: partial(_run, load, way, faces, name) for name, way in ways.items()
    }
    with ExitStack() as stack:
        others, unmeasured = _peers(load, faces, stack, say)
        runs |= others
        alternate(runs, 1)  # warms up
        laps = alternate(runs, rounds)
    rows: list[dict[str, Any]] = []
    for name, found in laps.items():
        one = middle(found)
        ms = one.cpu_us / 1000
        rows.append(
            {
                "way": name,
                "cpu_ms": ms,
                "wall_ms": 1000 / one.per_s,
                "times": (rows[0]["cpu_ms"] if rows else ms) / ms,
                "faces": faces[name] / one.units,
            }
        )
    settings = {
        "clip": load.clip.name if load.clip else "",
        "frames": middle(next(iter(laps.values()))).units,
        "min_face_px": load.min_face_px,
        "threads": 1,
        "rounds": rounds,
    }
    notes = (*NOTES, *([PEERS_NOTE] if load.peers else []), *unmeasured)
    return Report("pipeline", settings, FIGURES, rows, notes, [_by_stage(load, ways)])


def _peers(
    load: PipelineLoad, faces: dict[str, int], stack: ExitStack, say: Callable[[str], None]
) -> tuple[dict[str, Callable[[], Lap]], list[str]]:
    """Start other systems; return what runs a round of each, and why some cannot be measured."""
    if not load.peers:
        return {}, []
    assert load.clip is not None
    chosen = islice(
        read_file(options_of(load.clip, load.sample_fps)), min(load.frames, PEER_FRAMES)
    )
    frames = [frame.image for frame in chosen]
    runs: dict[str, Callable[[], Lap]] = {}
    unmeasured = []
    for peer in load.peers:
        try:
            run = stack.enter_context(running(peer, prepare(peer, say), frames))
        except NotMeasuredError as error:
            unmeasured.append(f"{peer.name} was not measured: {error}")
            continue

        def once(name: str = peer.name, run: Callable[[], tuple[Lap, int]] = run) -> Lap:
            found, faces[name] = run()
            return found

        runs[peer.name] = once
    return runs, unmeasured


def _by_stage(load: PipelineLoad, ways: Mapping[str, Callable[[], Way]]) -> Table:
    """Say in which stages the time goes, in one more run of each way of surveil."""
    spent: dict[str, tuple[dict[str, float], int]] = {}
    for name in (name for name in ways if name not in (PEER, DECODING)):
        way = ways[name]()
        with by_stage() as found:
            frames = _run(load, lambda way=way: way, {}, name).units  # type: ignore[misc]
        spent[name] = found, frames
    return stage_table(spent, "ms/frame")


Way = Callable[[Frame], int]
"""Does with a frame what is to be measured, and returns its faces."""


def _ways(load: PipelineLoad) -> Mapping[str, Callable[[], Way]]:
    """Return what makes each way anew: a pipeline remembers what it has seen."""
    ways: dict[str, Callable[[], Way]] = {}
    if load.peer:
        ways[PEER] = partial(_by_reference, load)
    served = Inference()
    for name, mode, precision, is_gated in (
        ("exact, float32", DetectionMode.EXACT, Precision.FLOAT32, False),
        ("fast, int8", DetectionMode.FAST, Precision.INT8, False),
        ("fast, int8, gate", DetectionMode.FAST, Precision.INT8, True),
    ):
        assert load.clip is not None
        camera = load.clip.stem
        build = partial(
            build_pipeline,
            {camera: FaceOptions(load.min_face_px, MIN_SCORE)},
            model=load.model,
            device="cpu",
            smoothing_tau_s=served.smoothing_tau_s,
            hysteresis=served.hysteresis,
            telemetry=LocalTelemetry(),
            threads=1,
            gated=[camera] if is_gated else [],
            classify_after_s=served.classify_after_s if is_gated else 0.0,
            detection=mode,
            precision=precision,
        )
        ways[name] = partial(_by_pipeline, build)
    ways[DECODING] = lambda: lambda frame: int(frame.image[0, 0, 0] * 0)
    return ways


def _by_pipeline(build: Callable[[], Pipeline]) -> Way:
    pipeline = build()

    def look(frame: Frame) -> int:
        (reading,) = pipeline.process([frame])
        return len(reading.faces or ())

    return look


def _by_reference(load: PipelineLoad) -> Way:
    """Return facenet-pytorch's detection and the same model by PyTorch, as people write it."""
    detect = load_reference(load.min_face_px)
    classifier = Classifier.load(find_model(load.model), engine=EngineName.TORCH)

    def look(frame: Frame) -> int:
        boxes: Sequence[Box] = [Box(*map(float, row)) for row in detect(frame.image)]
        crops = []
        for box in boxes:
            try:
                crops.append(crop_face(frame.image, box))
            except EmptyCropError:
                continue
        classifier.classify(crops)
        return len(crops)

    return look


def _run(load: PipelineLoad, make: Callable[[], Way], faces: dict[str, int], name: str) -> Lap:
    assert load.clip is not None
    look = make()
    found, frames = 0, 0
    with lap() as result:
        for frame in islice(read_file(options_of(load.clip, load.sample_fps)), load.frames):
            found += look(frame)
            frames += 1
    faces[name], result.units = found, frames
    return result
