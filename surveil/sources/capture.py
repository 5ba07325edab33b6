"""Keep one camera captured: connect, decode, sample, say how it stands, and connect again.

Two threads, both in the capture process. One decodes: it beats before whatever may block, so that
the supervisor kills the process when native code does not come back. The caller's thread watches
the deadlines, announces a stall while the other one still waits, and interrupts it. One lock orders
what they tell the sink; it is never held over native code.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import av.error
from av.video.frame import VideoFrame
from ulid import ULID

from surveil.domain import Frame, Reason
from surveil.sources.address import Address
from surveil.sources.backoff import CameraBackoff
from surveil.sources.ceiling import MemoryCeiling, exhausted
from surveil.sources.clock import RunClock
from surveil.sources.decoding import Decoding, choose_decoding
from surveil.sources.failure import Failure, SourceError
from surveil.sources.freeze import FreezeWatch, sample_luma
from surveil.sources.inquiry import LIMIT_S, explain
from surveil.sources.lookup import HostLookup
from surveil.sources.machine import CameraMachine, Change, Limits
from surveil.sources.options import SourceOptions
from surveil.sources.planar import PlanarFrame
from surveil.sources.pulse import Pulse
from surveil.sources.reasons import classify
from surveil.sources.registry import resolve
from surveil.sources.sampling import MediaClock, PtsClock, Sampler
from surveil.sources.sink import Sink
from surveil.sources.sockets import REQUESTS, TLS_REQUESTS, SocketWatch
from surveil.sources.statelog import StateRecord
from surveil.sources.stream import OpenStream, PictureFormat
from surveil.sources.upright import Converter, upright_planes
from surveil.wallclock import WatchedClock

MONITOR_S = 0.1
"""How often deadlines are looked at; they count as over this much early, never late."""

GOODBYE_S = 0.5
"""How long a stream may take to end by itself, with a TEARDOWN that frees the camera's session."""

STOP_S = 1.0
"""How long a decoder may take to come back when asked to stop, before it is left behind."""


class CaptureSession:
    """One camera, from :meth:`run` until ``stopping`` is set or a file has ended."""

    def __init__(
        self,
        options: SourceOptions,
        sink: Sink,
        *,
        stopping: threading.Event,
        beat: Callable[[float], None],
        dice: random.Random | None = None,
        wall: WatchedClock | None = None,
        ceiling: MemoryCeiling | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            options: The camera.
            sink: Gets frames, states and counts.
            stopping: Set by anyone, any time, to end the session.
            beat: Told from the decoding thread within how many seconds it will be called again.
            dice: Source of jitter.
            wall: The host's clock.
            ceiling: Of the process's memory; by default the one that the options give, from now on.
        """
        self._options = options
        self._sink = sink
        self._stopping = stopping
        self._pulse = Pulse(beat, stopping)
        self._backoff = CameraBackoff(dice or random.Random())  # noqa: S311  (jitter is no secret)
        is_file = options.url.startswith("file:")
        self._machine = CameraMachine(
            # A file that is read slowly is not a camera that stalls.
            Limits(*[float("inf")] * 3)
            if is_file
            else Limits(
                options.connect_timeout_s, options.first_frame_timeout_s, options.stall_timeout_s
            )
        )
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._is_closed = False
        self._error: BaseException | None = None
        self._sockets: SocketWatch | None = None
        self._is_interrupted = False
        self._is_opening = False
        self._decoding: Decoding | None = None
        self._opened: OpenStream | None = None
        self._port = 0
        self._file_now_s: float | None = None
        self._run = ""
        self._index = 0
        self._wall = wall or WatchedClock()
        self._clock = RunClock(self._wall.now(), time.monotonic())
        self._lookup = HostLookup()
        self._ceiling = ceiling or MemoryCeiling(options.max_memory_bytes)

    def run(self) -> None:
        """Capture until stopped; returns within about ``STOP_S`` even if the decoder is stuck."""
        with self._lock:
            self._begin_run()
            self._announce(self._machine.start())
        name = f"decode-{self._options.camera}"
        threading.Thread(target=self._decode, name=name, daemon=True).start()
        stop_by_s: float | None = None
        while not self._done.wait(MONITOR_S):
            now_s = time.monotonic()
            if self._stopping.is_set():
                stop_by_s = stop_by_s or now_s + STOP_S
            with self._lock:
                self._look_at_clock()
                change, is_overdue = self._machine.tick(now_s + MONITOR_S)
                self._announce(change)
                self._look_at_connection(now_s)
                if (failure := self._ceiling.check()) is not None:
                    self._machine.condemn(failure)
                    is_overdue = True
                if is_overdue or (stop_by_s is not None and now_s > stop_by_s - GOODBYE_S):
                    self._interrupt()
                if stop_by_s is not None and now_s >= stop_by_s:
                    break
        with self._lock:
            if self._stopping.is_set():
                self._announce(self._machine.stop(Reason.SHUTDOWN))
            self._is_closed = True
        if self._error is not None:
            raise self._error

    # -- the decoding thread --------------------------------------------------------------------

    def _decode(self) -> None:
        try:
            self._keep_connected()
        except BaseException as error:  # noqa: BLE001  (raised again by run(), in the caller)
            self._error = error
        finally:
            self._done.set()

    def _keep_connected(self) -> None:
        while not self._stopping.is_set():
            failure = self._attempt()
            if self._stopping.is_set():
                return
            now_s = time.monotonic()
            with self._lock:
                if failure is None:
                    self._announce(self._machine.stop(Reason.STREAM_ENDED))
                    return
                change, reason = self._machine.lost(failure)
                self._announce(change)
                delay_s = self._backoff.next_delay_s(reason, self._machine.live_s(now_s))
                self._sink.retrying(reason, delay_s)
            self._pulse.wait_until(now_s + delay_s)

    def _attempt(self) -> Failure | None:
        """Open the stream and read it to its end; None when a file is done."""
        address: Address | None = None
        try:
            address = resolve(self._options)
            self._pulse.promise(self._options.connect_timeout_s)
            self._decoding = self._decoding or choose_decoding(self._options.decoder)
            self._lookup.check(address, self._options.connect_timeout_s)
            # One call of FFmpeg connects and waits for the first pictures.
            self._pulse.promise(
                self._options.connect_timeout_s + self._options.first_frame_timeout_s
            )
            self._port = address.port or 0
            with self._lock:
                self._machine.connect(time.monotonic())
                self._is_interrupted = False
                self._is_opening = address.is_live
                self._sockets = SocketWatch()
            if address.is_live:
                return self._read_camera(address)
            return self._read_file(address)
        except SourceError as error:
            return error.failure
        except MemoryError:
            return exhausted(self._options.max_memory_bytes)
        except av.error.FFmpegError as error:
            if address is None or self._is_interrupted:
                return classify(error)
            self._pulse.promise(LIMIT_S)
            return explain(error, self._options, address)
        finally:
            self._look_at_decoding()
            with self._lock:
                self._sockets = None
                self._is_opening = False

    def _look_at_decoding(self) -> None:
        """Let the processor decode from now on if hardware gave no picture of an open stream."""
        stream, self._opened = self._opened, None
        if stream is None or stream.has_picture or self._decoding is None:
            return
        if self._decoding.device != "cpu":
            self._decoding = self._decoding.on_processor("no picture came of it")

    def _read_camera(self, address: Address) -> Failure:
        clock, sampler = MediaClock(), Sampler(self._options.sample_fps)
        freeze = FreezeWatch(self._options.freeze_timeout_s)
        converter = Converter()
        form: PictureFormat | None = None
        is_frozen = False
        with self._open(address) as stream:
            self._pulse.allow(self._options.first_frame_timeout_s)
            for picture in stream.pictures(self._pulse.before_read, self._damaged):
                self._pulse.allow(self._options.stall_timeout_s)
                now_s = time.monotonic()
                last_form, form = form, stream.format_of(picture)
                stream.check_size(form.width, form.height, form.pixel_aspect)
                is_new = last_form is not None and form != last_form
                if is_new:
                    clock, sampler = MediaClock(), Sampler(self._options.sample_fps)
                    freeze = FreezeWatch(self._options.freeze_timeout_s)
                    is_frozen = False
                is_due = sampler.wants(clock.advance(picture.time, now_s))
                if is_due or picture.key_frame:  # the others tell no more of the sensor
                    is_frozen = freeze.observe(
                        sample_luma(memoryview(picture.planes[0]), picture.planes[0].line_size),
                        is_key=picture.key_frame,
                        now_s=now_s,
                    )
                with self._lock:
                    # What FFmpeg still held back when it was interrupted is no sign of life.
                    if self._is_closed or self._stopping.is_set() or self._is_interrupted:
                        break
                    if is_new:
                        for change in self._machine.reformat(f"{last_form} to {form}"):
                            self._announce(change)
                    self._announce(self._machine.picture(now_s, is_frozen=is_frozen))
                    self._sink.count(captured=1)
                # A frozen picture shows nothing that is; its time becomes a gap.
                if is_due and not is_frozen:
                    self._put(converter, picture, form, now_s)
        return Failure(Reason.STREAM_ENDED, "the camera ended the stream")

    def _read_file(self, address: Address) -> Failure | None:
        clock: PtsClock | None = None
        sampler = Sampler(self._options.sample_fps)
        converter = Converter()
        form: PictureFormat | None = None
        start_s = 0.0
        self._pulse.allow(self._options.stall_timeout_s)
        while True:
            count = 0
            with self._open(address) as stream:
                info = stream.info
                clock = clock or PtsClock(info.nominal_step_s, is_joinable=info.is_joinable)
                clock.restart()
                for picture in stream.pictures(self._pulse.before_read, self._damaged):
                    time_s = clock.advance(picture.time)
                    start_s = start_s or time.monotonic()
                    if self._options.realtime:
                        self._pulse.wait_until(start_s + time_s)
                    count += 1
                    last_form, form = form, stream.format_of(picture)
                    stream.check_size(form.width, form.height, form.pixel_aspect)
                    if not self._options.realtime:
                        self._file_now_s = start_s + time_s
                    now_s = self._now_s()
                    with self._lock:
                        if self._is_closed or self._stopping.is_set():
                            return None
                        if last_form is not None and form != last_form:
                            for change in self._machine.reformat(f"{last_form} to {form}"):
                                self._announce(change)
                        self._announce(self._machine.picture(now_s))
                        self._sink.count(captured=1)
                    if sampler.wants(time_s):
                        self._put(converter, picture, form, now_s)
            if count == 0:
                return Failure(Reason.STREAM_BROKEN, "no picture in it could be decoded")
            if not self._options.loop:
                return None

    def _open(self, address: Address) -> OpenStream:
        stream = OpenStream(
            address,
            self._options.max_frame_px,
            decoding=self._decoding,
            deblocking=self._options.deblocking,
        )
        self._opened = stream
        with self._lock:
            self._is_opening = False
            if not self._is_interrupted:
                self._machine.connected(time.monotonic())
                if not self._is_closed:
                    self._sink.opened(stream.info)
                return stream
        # FFmpeg takes our interruption for the end of what it looked at, and succeeds.
        stream.close()
        raise SourceError(Failure(Reason.STREAM_ENDED, "interrupted"))

    def _put(
        self, converter: Converter, picture: VideoFrame, form: PictureFormat, at_s: float
    ) -> None:
        plain = upright_planes(picture, form.pixel_aspect, form.orientation)
        image = None
        if plain is None:
            image = converter.to_rgb(picture, form.pixel_aspect, form.orientation)
        with self._lock:
            if self._is_closed:
                return
            self._index += 1
            at = self._clock.stamp(at_s)
            which = (self._options.camera, self._run, self._index, at, at_s)
            if plain is not None:
                self._sink.put(PlanarFrame(*which, *plain))
            else:
                assert image is not None
                self._sink.put(Frame(*which, image))

    def _damaged(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._sink.count(decode=1)

    # -- either thread --------------------------------------------------------------------------

    def _look_at_connection(self, now_s: float) -> None:
        requests = TLS_REQUESTS if self._options.url.startswith("rtsps:") else REQUESTS
        if (
            self._is_opening
            and self._sockets is not None
            and self._sockets.is_playing(self._port, requests)
        ):
            self._is_opening = False
            self._machine.connected(now_s)

    def _interrupt(self) -> None:
        if self._sockets is not None and self._sockets.interrupt(self._port):
            self._is_interrupted = True

    def _look_at_clock(self) -> None:
        """Begin a new run where the host's clock was set: within a run, time goes on evenly."""
        _, step_s = self._wall.read()
        if step_s and self._file_now_s is None and not self._is_closed:
            self._sink.clock_set(step_s)
            for change in self._machine.restart_run(f"the host's clock was set by {step_s:+.1f} s"):
                self._announce(change)

    def _now_s(self) -> float:
        """Return the monotonic time, or the time in a file that is not read in real time."""
        return time.monotonic() if self._file_now_s is None else self._file_now_s

    def _begin_run(self) -> None:
        self._run = str(ULID())
        self._index = 0
        now_s = self._now_s()
        started_at = self._wall.now() if self._file_now_s is None else self._clock.stamp(now_s)
        self._clock = RunClock(started_at, now_s)
        self._sink.begin_run(self._run, self._clock.started_at)

    def _announce(self, change: Change | None) -> None:
        if change is None or self._is_closed:
            return
        if change.opens_run:
            self._begin_run()
        at = self._clock.stamp(self._now_s())
        self._sink.log_state(
            StateRecord(0, self._run, at, change.state, change.reason, change.detail)
        )
