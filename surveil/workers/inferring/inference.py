"""The loop of the inference process: frames of all cameras to events in the spool.

Wait for the doorbell, take each camera's newest frame, analyse a batch when it is due,
put what is over into the spool. Publishing has a thread of its own, so Redis may be away for as
long as the spool has room.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from surveil.config import Fleet
from surveil.detect import DetectionMode
from surveil.domain import Frame
from surveil.events.publisher import Publisher
from surveil.events.spool import Spool
from surveil.live import ReadingsRing
from surveil.logs import get_logger
from surveil.models import Precision
from surveil.policy import Policy
from surveil.sources.ring import FrameRing
from surveil.sources.statelog import StateRecord
from surveil.workers.host.lease_board import LeaseBoard
from surveil.workers.host.lifeline import LOADING_ALLOW_S, Lifeline, observe, observe_stage
from surveil.workers.inferring.batching import Batcher
from surveil.workers.inferring.building import FaceOptions, build_pipeline
from surveil.workers.inferring.camera_runs import Now, Timeline
from surveil.workers.inferring.discretion import Discreet
from surveil.workers.inferring.overload import Load, Overload
from surveil.workers.inferring.pipeline import Pipeline
from surveil.workers.inferring.spooling import SpoolWriter

TICK_S = 0.1
"""How often intervals are looked through."""

ENGINES_NAME = "engines"
"""Folder below ``data_dir`` for compiled networks."""

BATCH_ALLOW_S = 60.0

DECISION_BOUNDS_S = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0)
"""Buckets of the time from a picture's capture until its faces are classified."""

_log = get_logger("inference")


def load(
    fleet: Fleet, lifeline: Lifeline, policies: Mapping[str, Policy], *, threads: int
) -> Pipeline:
    """Load and compile the networks for the cameras of ``policies``.

    Raises:
        ConfigError: The device is not there.
        ModelError: The model is missing or damaged.
    """
    lifeline.beat(LOADING_ALLOW_S, "loading the model")
    wanted = {camera: fleet.cameras[camera] for camera in policies}
    pipeline = build_pipeline(
        {
            camera: FaceOptions(min_face_px=one.min_face_px, min_score=one.min_score)
            for camera, one in wanted.items()
        },
        model=fleet.model,
        device=fleet.device,
        smoothing_tau_s=fleet.inference.smoothing_tau_s,
        hysteresis=fleet.inference.hysteresis,
        telemetry=Discreet.of(lifeline.telemetry, policies),
        threads=threads,
        taxonomy=fleet.taxonomy,
        gated=[camera for camera, one in wanted.items() if one.gate],
        classify_after_s=fleet.inference.classify_after_s,
        detection=DetectionMode(fleet.inference.detection),
        precision=Precision(fleet.inference.precision),
        keep_in=fleet.data_dir / ENGINES_NAME,
    )
    _log.info("model.loaded", model=pipeline.model)
    return pipeline


class InferenceLoop:
    """The loop, with everything it needs handed in."""

    def __init__(
        self,
        fleet: Fleet,
        lifeline: Lifeline,
        rings: Mapping[str, FrameRing],
        doorbell_fd: int | None,
        pipeline: Pipeline,
        spool: Spool,
        publisher: Publisher,
        *,
        policies: Mapping[str, Policy],
        readings: Mapping[str, ReadingsRing],
        board: LeaseBoard | None = None,
    ) -> None:
        self._lifeline = lifeline
        self._telemetry = lifeline.telemetry
        self._rings = dict(rings)
        self._order = deque(self._rings)
        self._doorbell_fd = doorbell_fd
        self._pipeline = pipeline
        self._writer = SpoolWriter(spool, publisher, lifeline.telemetry)
        self._policies = policies
        self._readings = readings
        self._board = board
        options = fleet.inference
        self._batcher = Batcher(max_batch=options.max_batch, max_age_s=options.max_age_s)
        self._timelines = {
            camera: Timeline(
                camera,
                interval_s=fleet.interval_s,
                grace_s=options.max_age_s,
                hysteresis=options.hysteresis,
                policy=policies[camera],
                model=pipeline.model,
                mark=spool.mark,
                tally=ring.tally,
                keeper=pipeline,
            )
            for camera, ring in self._rings.items()
        }
        self._overload = Overload()
        self._load: Load | None = None
        self._next_tick_mono_s = 0.0

    def run(self) -> None:
        """Loop until the lifeline says stop, then tell what is left."""
        self.resume()
        while not self._lifeline.stopping.is_set():
            self._lifeline.beat()
            self.wait()
            self.step()
        self._lifeline.beat(BATCH_ALLOW_S, "analysing what is left")
        self.step(is_last=True)

    def resume(self) -> None:
        """Find out from rings and spool where things stand; called once, first."""
        for camera, timeline in self._timelines.items():
            self._writer.add(timeline.resume(self._rings[camera].states(), _now()))

    def wait(self) -> None:
        """Wait for a doorbell, until a batch is due, or until intervals are to be looked at."""
        now = time.monotonic()
        due_s = self._batcher.due_in_s(now)
        timeout_s = max(self._next_tick_mono_s - now, 0.0)
        if due_s is not None:
            timeout_s = min(timeout_s, due_s)
        if self._doorbell_fd is None:
            time.sleep(min(timeout_s, 0.01))
            return
        if select.select([self._doorbell_fd], [], [], timeout_s)[0]:
            with contextlib.suppress(BlockingIOError):
                if not os.read(self._doorbell_fd, 65536):
                    self._doorbell_fd = None  # nobody can ring any more

    def step(self, *, is_last: bool = False) -> None:
        """Take what is new, analyse what is due, spool what is over; ``is_last``: everything."""
        later: dict[str, Sequence[StateRecord]] = {}
        has_news = False
        self._order.rotate(-1)  # with more cameras than a batch holds, each one's turn comes
        for camera in self._order:
            before, after = self._take(camera)
            has_news = has_news or bool(before or after)
            if after:
                later[camera] = after
        due_s = self._batcher.due_in_s(time.monotonic())
        if due_s is not None and (due_s <= 0 or has_news or is_last):
            self._analyse()
        for camera, records in later.items():
            self._apply(camera, records)
        now = _now()
        if has_news or is_last or now.mono_s >= self._next_tick_mono_s:
            self._next_tick_mono_s = now.mono_s + TICK_S
            for camera, timeline in self._timelines.items():
                if self._may_speak_for(camera):
                    self._writer.add(timeline.stop(now) if is_last else timeline.tick(now))
            self._writer.flush()
            self._tell_load()

    def _take(self, camera: str) -> tuple[Sequence[StateRecord], Sequence[StateRecord]]:
        """Take a camera's newest frame and changes of state.

        Returns:
            The changes of before the frame, which have been applied, and those to apply once it is
            analysed.
        """
        timeline, ring = self._timelines[camera], self._rings[camera]
        frame = ring.take() if self._batcher.has_room else None
        # After the frame: the states of before it are in the log by then.
        records = ring.states(timeline.last_index)
        count = timeline.count_before(records, frame) if frame is not None else 0
        before, after = records[:count], records[count:]
        if before:
            self._analyse()  # what waits is of before these states
            self._apply(camera, before)
        if frame is not None:
            self._batcher.offer(frame, time.monotonic())
        return before, after

    def _apply(self, camera: str, records: Sequence[StateRecord]) -> None:
        timeline = self._timelines[camera]
        self._writer.add(timeline.apply(records))
        lost = timeline.take_lost()
        if lost:
            self._telemetry.count("state_records_lost_total", lost, camera=camera)
        if not timeline.is_live:
            self._batcher.forget(camera)
            self._overload.forget(camera)

    def _analyse(self) -> None:
        started = time.monotonic()
        batch = self._batcher.take(started)
        for frame in self._admit(batch.stale):
            self._count_drop(frame.camera, "stale")
            self._overload.see(frame.camera, frame.run, frame.index, started, is_analysed=False)
            self._timelines[frame.camera].drop(frame, is_stale=True)
        frames = self._admit(batch.frames)
        if not frames:
            return
        self._lifeline.beat(BATCH_ALLOW_S, "analysing a batch")
        readings = self._pipeline.process(frames)
        duration_s = time.monotonic() - started
        self._batcher.executed(duration_s)
        for reading in readings:
            camera = reading.frame.camera
            self._timelines[camera].add(reading)
            if reading.faces is None:
                self._count_drop(camera, "fault")
                continue
            self._telemetry.count("frames_analysed_total", 1, camera=camera)
            self._observe_delay(reading.frame)
            self._overload.see(camera, reading.frame.run, reading.frame.index, time.monotonic())
            if self._policies[camera].keeps_tracks:
                if reading.is_gated:
                    self._telemetry.count("frames_gated_total", 1, camera=camera)
                self._telemetry.count("faces_total", len(reading.faces), camera=camera)
                self._telemetry.gauge("faces_in_view", len(reading.faces), camera=camera)
                if camera in self._readings:
                    self._readings[camera].put(reading)
        self._telemetry.gauge("inference_batch_frames", len(frames))
        observe_stage(self._telemetry, "analyse", duration_s)
        self._telemetry.count("batches_total")

    def _tell_load(self) -> None:
        """Tell of cameras of which too little is analysed, and how many would be carried whole."""
        load, before = self._overload.load(), self._load
        if load == before:
            return
        self._load = load
        for camera in self._rings:
            self._telemetry.gauge("camera_degraded", float(camera in load.degraded), camera=camera)
        self._telemetry.gauge("frames_analysed_ratio", load.share)
        self._telemetry.gauge("cameras_carried", load.carries)
        if load.degraded == (before.degraded if before else frozenset()):
            return
        if load.degraded:
            _log.warning(
                "inference.overloaded",
                degraded=sorted(load.degraded),
                analysed_percent=round(100 * load.share, 1),
                cameras=len(self._rings),
                carries=load.carries,
                remedy="fewer cameras, a lower sample_fps, a larger min_face_px or more cores",
            )
        else:
            _log.info("inference.keeps_up", cameras=len(self._rings))

    def _admit(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the frames whose run goes on; an interval has told of the others as busy."""
        admitted = []
        for frame in frames:
            if not self._may_speak_for(frame.camera):
                self._count_drop(frame.camera, "no-lease")
            elif self._timelines[frame.camera].admit(frame):
                admitted.append(frame)
            else:
                self._count_drop(frame.camera, "run-over")
        return admitted

    def _may_speak_for(self, camera: str) -> bool:
        """Return whether this host holds the camera, as far as its supervisor has said."""
        return self._board is None or self._board.holds(camera)

    def _observe_delay(self, frame: Frame) -> None:
        delay_s = time.monotonic() - frame.captured_mono_s
        observe(self._telemetry, "decision_seconds", delay_s, DECISION_BOUNDS_S)

    def _count_drop(self, camera: str, cause: str) -> None:
        self._telemetry.count("frames_dropped_total", 1, camera=camera, cause=cause)


def _now() -> Now:
    return Now(datetime.now(UTC), time.monotonic())
