"""Open a camera once and say what it is, or why it is not."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from surveil.domain import CameraState, Frame, Reason
from surveil.sources.capture import CaptureSession
from surveil.sources.options import SourceOptions
from surveil.sources.statelog import StateRecord
from surveil.sources.stream import StreamInfo

SETTLE_S = 0.5
"""A camera's first pictures come in a burst: those that were held back while it was opened."""

MEASURE_S = 2.0
"""How long pictures are counted to measure their rate, at least."""

LONGEST_S = 10.0
"""How long a camera is watched after its first picture, if its rate does not settle earlier."""

_FEWEST = 4
_BURST = 1.25
"""A rate has settled when the first half of what is measured is faster by no more than this."""

_MOST_FPS = 1000.0


class RateMeter:
    """Pictures a second, once the burst is over that a stream may open with. Pure."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def add(self, at_s: float) -> bool:
        """Take in the time of a picture; returns whether the rate is known well."""
        self._times.append(at_s)
        times = self._times
        while len(times) > _FEWEST and times[-1] - times[1] >= MEASURE_S:
            times.popleft()
        if len(times) < _FEWEST or times[-1] - times[0] < MEASURE_S:
            return False
        middle_s = (times[0] + times[-1]) / 2
        early = sum(time_s < middle_s for time_s in times)
        return early <= _BURST * (len(times) - early) + 1

    def rate_fps(self) -> float | None:
        """Return the rate, None from fewer than two pictures or without time between them."""
        span_s = self._times[-1] - self._times[0] if self._times else 0.0
        return (len(self._times) - 1) / span_s if span_s > 0 else None


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a camera turned out to be; the rest is None where it could not be read.

    Attributes:
        camera: Camera id.
        reason: ``none`` when pictures came, else why not.
        detail: For people, free of credentials.
        codec: FFmpeg's name of the decoder.
        width: Of the pictures as they are handed on: upright, with square pixels.
        height: Likewise.
        announced_fps: What the stream says of itself.
        measured_fps: What came.
        time_to_first_frame_s: From the attempt to the first decoded picture.
        duration_s: Of a file.
    """

    camera: str
    reason: Reason
    detail: str = ""
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    announced_fps: float | None = None
    measured_fps: float | None = None
    time_to_first_frame_s: float | None = None
    duration_s: float | None = None

    @property
    def is_ok(self) -> bool:
        return self.reason is Reason.NONE


class _ProbeSink:
    """Looks at one attempt and asks the session to stop once it knows enough."""

    def __init__(self, stopping: threading.Event, *, is_live: bool) -> None:
        self._stopping = stopping
        self._is_live = is_live
        self._started_s = time.monotonic()
        self.info: StreamInfo | None = None
        self.failure: StateRecord | None = None
        self.first: Frame | None = None
        self.first_frame_s: float | None = None
        # A slow camera must not hold up the report until its next picture.
        self._timer = threading.Timer(LONGEST_S, stopping.set)
        self._timer.daemon = True
        self._settled_s = 0.0
        self._meter = RateMeter()

    def begin_run(self, run: str, started_at: datetime) -> None:
        if self.first is not None:
            self._stopping.set()  # the format changed: the first one is reported

    def log_state(self, record: StateRecord) -> None:
        if record.state is CameraState.OFFLINE and self.failure is None:
            self.failure = record
            self._stopping.set()

    def opened(self, info: StreamInfo) -> None:
        self.info = info

    def count(self, *, captured: int = 0, decode: int = 0) -> None:
        return

    def put(self, frame: Frame) -> None:
        if self.first is None:
            self.first = frame
            self.first_frame_s = time.monotonic() - self._started_s
            self._settled_s = frame.captured_mono_s + (SETTLE_S if self._is_live else 0.0)
            self._timer.start()
        if frame.run != self.first.run or frame.captured_mono_s < self._settled_s:
            return
        if self._meter.add(frame.captured_mono_s):
            self._stopping.set()

    def clock_set(self, step_s: float) -> None:
        pass

    def retrying(self, reason: Reason, delay_s: float) -> None:
        self._stopping.set()

    def measured_fps(self) -> float | None:
        return self._meter.rate_fps()

    def close(self) -> None:
        self._timer.cancel()


def probe(options: SourceOptions) -> ProbeReport:
    """Open a camera or a file, look at its pictures until their rate is known, and report.

    Never raises for a camera that is dead, wrong or slow; takes at most about twice its connect and
    once its first frame time-out and ``LONGEST_S`` more. A process may open one camera at a time:
    what is overdue is ended by shutting down the sockets that the process has opened since.
    """
    stopping = threading.Event()
    sink = _ProbeSink(stopping, is_live=not options.url.startswith("file:"))
    once = dataclasses.replace(options, sample_fps=_MOST_FPS, loop=False, realtime=False)
    try:
        CaptureSession(once, sink, stopping=stopping, beat=lambda allow_s: None).run()
    finally:
        sink.close()
    info, first, failure = sink.info, sink.first, sink.failure
    height, width = first.image.shape[:2] if first is not None else (None, None)
    reason, detail = Reason.NONE, ""
    if first is None:
        reason = failure.reason if failure else Reason.STREAM_ENDED
        detail = failure.detail if failure else "it holds no picture"
    return ProbeReport(
        camera=options.camera,
        reason=reason,
        detail=detail,
        codec=info.codec if info else None,
        width=width,
        height=height,
        announced_fps=info.announced_fps if info else None,
        measured_fps=sink.measured_fps(),
        time_to_first_frame_s=sink.first_frame_s,
        duration_s=info.duration_s if info else None,
    )
