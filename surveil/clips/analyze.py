"""Analyse a video file from end to end, as fast as it goes, with the pipeline of live cameras."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path

import av.error

from surveil.domain import Frame, IntervalEvent
from surveil.intervals.builder import IntervalBuilder
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.policy import Policy, apply
from surveil.sources.failure import SourceError
from surveil.sources.files import read_file
from surveil.sources.options import SourceOptions
from surveil.sources.reasons import classify
from surveil.sources.registry import resolve
from surveil.sources.stream import OpenStream
from surveil.workers.inferring.pipeline import Pipeline

ZERO_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant of a clip's first picture, so that its intervals lie on whole seconds of the clip."""

BATCH = 8
"""Frames analysed together; a batch of 8K pictures is 800 MB."""

MISSING_S, MISSING_SHARE = 1.0, 0.03
"""A clip that ends earlier than announced by more than both is told to be cut short."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What was found at one time of a clip: ``part`` counts changes of the pictures' format."""

    part: int
    time_s: float
    size: tuple[int, int]
    faces: tuple[FaceReading, ...]


@dataclass(slots=True)
class ClipTimeline:
    """What a clip shows.

    Attributes:
        clip: The file.
        model: Name of the classifier.
        events: Intervals; ``run`` tells the parts of a clip whose format changes apart, instants
            count from ``ZERO_AT``.
        moments: Every analysed frame, only if asked for.
        frames: Frames analysed.
        failed: Frames that could not be analysed.
        length_s: From the first picture to the end of the last one sampled.
        announced_s: Length according to the file, None where it does not say.
        fps: Announced frame rate, None where the file does not say.
        size: Width and height of the first picture, upright.
        elapsed_s: Time the analysis took.
    """

    clip: Path
    model: str
    events: list[IntervalEvent] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    frames: int = 0
    failed: int = 0
    length_s: float = 0.0
    announced_s: float | None = None
    fps: float | None = None
    size: tuple[int, int] = (0, 0)
    elapsed_s: float = 0.0

    @property
    def is_cut_short(self) -> bool:
        """Whether much of what the file announces could not be read."""
        missing_s = (self.announced_s or 0.0) - self.length_s
        return missing_s > max(MISSING_S, MISSING_SHARE * (self.announced_s or 0.0))


def clip_options(clip: Path, sample_fps: float) -> SourceOptions:
    """Return how to read a clip; its path is its camera id."""
    return SourceOptions(camera=str(clip), url=f"file:{clip.absolute()}", sample_fps=sample_fps)


def clip_length_s(clip: Path) -> tuple[float | None, float | None]:
    """Return a clip's announced length and frame rate.

    Raises:
        SourceError: It cannot be opened, or has no video.
    """
    options = clip_options(clip, 1.0)
    try:
        with OpenStream(resolve(options), options.max_frame_px) as stream:
            return stream.info.duration_s, stream.info.announced_fps
    except av.error.FFmpegError as error:
        raise SourceError(classify(error)) from None


def analyze_clip(
    clip: Path,
    pipeline: Pipeline,
    *,
    sample_fps: float,
    interval_s: float,
    hysteresis: float,
    policy: Policy,
    keep_moments: bool = False,
    on_progress: Callable[[float], None] = lambda time_s: None,
) -> ClipTimeline:
    """Analyse one clip; one that is truncated or damaged gives what is there.

    Args:
        clip: A video file.
        pipeline: Knows the camera ``str(clip)``.
        sample_fps: Frames analysed per second of the clip.
        interval_s: Length of intervals.
        hysteresis: Lead in score by which an emotion replaces a track's last one, 0..1.
        policy: What may be told of the faces, moments included.
        keep_moments: Keep every analysed frame's faces as well, for the annotated video.
        on_progress: Told the time in the clip after each batch.

    Raises:
        SourceError: The file cannot be read, has no video, or not one picture.
    """
    started = time.monotonic()
    timeline = ClipTimeline(clip, pipeline.model)
    timeline.announced_s, timeline.fps = clip_length_s(clip)

    def build(start: Frame) -> IntervalBuilder:
        return IntervalBuilder(
            start.camera,
            start.run,
            interval_s=interval_s,
            model=pipeline.model,
            start_at=start.captured_at,
            grace_s=0.0,  # frames of a file come in order
            hysteresis=hysteresis,
        )

    run: _ClipRun | None = None
    for batch, is_last in _batches(read_file(clip_options(clip, sample_fps), ZERO_AT)):
        first, last = batch[0], batch[-1]
        if run is None:
            timeline.size = first.size
        if run is None or run.run != first.run:
            part = 0
            if run is not None:
                run.end(first.captured_at)
                pipeline.end_run(first.camera, run.run)
                part = run.part + 1
            run = _ClipRun(timeline, part, build(first), first.run, policy, keep_moments)
        for reading in pipeline.process(batch, ends_run=is_last):
            run.add(reading)
        run.close(last.captured_at)
        timeline.length_s = (last.captured_at - ZERO_AT).total_seconds() + 1 / sample_fps
        on_progress((last.captured_at - ZERO_AT).total_seconds())
    if run is not None:
        run.end(ZERO_AT + timedelta(seconds=timeline.length_s))
        pipeline.end_run(str(clip), run.run)
    timeline.elapsed_s = time.monotonic() - started
    return timeline


@dataclass(slots=True)
class _ClipRun:
    """One part of a clip; a part ends where the pictures' format changes."""

    timeline: ClipTimeline
    part: int
    builder: IntervalBuilder
    run: str
    policy: Policy
    keep_moments: bool

    def add(self, reading: FrameReading) -> None:
        frame, faces = reading.frame, reading.faces
        if faces is None:
            self.timeline.failed += 1
            self.builder.drop(frame.index, frame.captured_at, is_stale=False)
            return
        self.timeline.frames += 1
        self.builder.add(
            frame.index, frame.captured_at, frame.size, faces, is_gated=reading.is_gated
        )
        if self.keep_moments:
            time_s = (frame.captured_at - ZERO_AT).total_seconds()
            told = faces if self.policy.keeps_tracks else ()
            self.timeline.moments.append(Moment(self.part, time_s, frame.size, told))

    def close(self, at: datetime) -> None:
        self._tell(self.builder.close(at))

    def end(self, at: datetime) -> None:
        self._tell(self.builder.end(at))

    def _tell(self, built: Iterable[IntervalEvent]) -> None:
        told = (apply(event, self.policy) for event in built)
        self.timeline.events += [event for event in told if isinstance(event, IntervalEvent)]


def _batches(frames: Iterator[Frame]) -> Iterator[tuple[list[Frame], bool]]:
    """Yield frames in batches of one run each, and whether a batch is the last of its run."""
    for _, run in groupby(frames, key=lambda frame: frame.run):
        yield from _batches_of_run(run)


def _batches_of_run(frames: Iterator[Frame]) -> Iterator[tuple[list[Frame], bool]]:
    ahead = next(frames, None)
    while ahead is not None:
        batch = [ahead, *islice(frames, BATCH - 1)]
        ahead = next(frames, None)
        yield batch, ahead is None
