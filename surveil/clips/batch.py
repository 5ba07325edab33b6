"""Several clips, one after another, through the same networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from surveil.clips.analyze import ClipTimeline, analyze_clip, clip_length_s
from surveil.clips.annotate import write_annotated
from surveil.config.schema import Inference
from surveil.detect import DetectionMode
from surveil.models import Precision
from surveil.policy import INDIVIDUAL
from surveil.sources.failure import SourceError
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, build_pipeline
from surveil.workers.inferring.pipeline import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipBatch:
    """Some clips, and what to do with them.

    Attributes:
        clips: Video files, each once.
        targets: The annotated video to write for a clip, where one is wanted.
        sample_fps: Frames analysed per second of a clip.
        interval_s: Length of one row of the timeline.
        model: Name or folder of the classifier.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        faces: Which faces are looked for.
    """

    clips: Sequence[Path]
    targets: Mapping[Path, Path]
    sample_fps: float
    interval_s: float
    model: str
    device: str
    faces: FaceOptions


class Watcher(Protocol):
    """Who is told how the work goes on; called in the thread that works."""

    def begin(self, doing: str, length_s: float | None) -> Callable[[float], None]:
        """Return what is told the time in the clip, seconds, until :meth:`end`."""

    def end(self) -> None:
        """What was begun is done, or has failed."""

    def fail(self, clip: Path, error: SourceError) -> None:
        """A clip cannot be read; the others are done all the same."""

    def finish(self, timeline: ClipTimeline) -> None:
        """A clip was analysed."""


def analyze_clips(batch: ClipBatch, watcher: Watcher) -> Iterator[ClipTimeline]:
    """Load the networks, then yield the timeline of each clip that can be read.

    Raises:
        ModelError: The model is missing or damaged.
    """
    served = Inference()
    watcher.begin("loading the networks", None)
    pipeline = build_pipeline(
        {str(clip): batch.faces for clip in batch.clips},
        model=batch.model,
        device=batch.device,
        smoothing_tau_s=served.smoothing_tau_s,
        hysteresis=served.hysteresis,
        telemetry=LocalTelemetry(),
        detection=DetectionMode(served.detection),
        precision=Precision(served.precision),
    )
    watcher.end()
    for clip in batch.clips:
        try:
            timeline = _analyze(clip, batch, pipeline, served.hysteresis, watcher)
        except SourceError as error:
            watcher.end()
            watcher.fail(clip, error)
            continue
        watcher.finish(timeline)
        yield timeline


def _analyze(
    clip: Path, batch: ClipBatch, pipeline: Pipeline, hysteresis: float, watcher: Watcher
) -> ClipTimeline:
    length_s, _ = clip_length_s(clip)
    timeline = analyze_clip(
        clip,
        pipeline,
        sample_fps=batch.sample_fps,
        interval_s=batch.interval_s,
        hysteresis=hysteresis,
        policy=INDIVIDUAL,
        keep_moments=clip in batch.targets,
        on_progress=watcher.begin(f"analysing {clip.name}", length_s),
    )
    watcher.end()
    if clip in batch.targets:
        tell = watcher.begin(f"drawing {clip.name}", timeline.length_s)
        write_annotated(timeline, batch.targets[clip], on_progress=tell)
        watcher.end()
        timeline.moments.clear()
    return timeline
