"""Open one video stream with PyAV and decode its pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
import av.error
import av.stream
from av.container import InputContainer
from av.format import Flags
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from surveil.domain import Reason
from surveil.sources.address import LIVE_CODECS, Address
from surveil.sources.decoding import Decoding
from surveil.sources.failure import Failure, SourceError
from surveil.sources.upright import Orientation, OrientationWatch, display_size

# FFmpeg's messages quote URLs with their credentials; errors are told by their number instead.
av.logging.set_level(None)

_NO_DECODER = "there is no decoder for what the camera sends; let it send H.264 or H.265"

_MOST_FPS = 240

THREADS = 2
"""Decoder threads at most: a fleet has more cameras than a host has cores."""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a stream says of itself; zeros and None where it does not.

    ``width`` and ``height`` are as stored, before rotation and with pixels that may not be square.
    ``decoder_lacks``: why ``decoder`` is not the hardware that was asked for, in words.
    ``is_joinable``: the format lets time stamps jump, where parts of it were joined (MPEG-TS). Such
    a file announces no length: the distance of its first stamp from its last tells nothing.
    """

    codec: str
    width: int
    height: int
    pixel_aspect: Fraction | None
    announced_fps: float | None
    duration_s: float | None
    is_joinable: bool = False
    decoder: str = "cpu"
    decoder_lacks: str = ""

    @property
    def nominal_step_s(self) -> float:
        """Seconds between pictures where time stamps say nothing; 25 fps if the rate is absurd."""
        fps = self.announced_fps or 0.0
        return 1 / (fps if fps >= 1 else 25.0)


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """What must not change within a run."""

    width: int
    height: int
    pixel_format: str
    pixel_aspect: Fraction | None
    orientation: Orientation

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.pixel_format}{self.orientation}"


class OpenStream:
    """An open container and its one video stream. Not thread-safe; close it where it was opened."""

    def __init__(
        self,
        address: Address,
        max_frame_px: int,
        *,
        decoding: Decoding | None = None,
        deblocking: bool = True,
    ) -> None:
        """Connect and find the stream; blocks for as long as ``address.options`` allow.

        Args:
            address: What to open.
            max_frame_px: Largest height times width.
            decoding: By what; by default the processor.
            deblocking: See :class:`~surveil.sources.options.SourceOptions`.

        Raises:
            SourceError: No video, a codec without decoder, or pictures that are too large.
            av.error.FFmpegError: It could not be opened.
        """
        self._max_frame_px = max_frame_px
        self._is_live = address.is_live
        self._decoding = decoding or Decoding()
        self.has_picture = False
        """Whether a picture has been decoded."""
        self._orientation = OrientationWatch()
        # Decoders count the pixels that they store, which may be some rows and columns more.
        settings = {"max_pixels": str(max_frame_px * 9 // 8 + 16384)}
        self._container: InputContainer = av.open(
            address.url,
            format=address.format,
            options={**address.options, **settings},
            metadata_errors="replace",
            hwaccel=self._decoding.hwaccel(),
        )
        try:
            self._stream = self._find_video()
            self.info = self._describe()
            self.check_size(self.info.width, self.info.height, self.info.pixel_aspect)
            self._stream.codec_context.options = (
                settings if deblocking else {**settings, "skip_loop_filter": "all"}
            )
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._container.close()

    def pictures(
        self, before_read: Callable[[], None], on_damage: Callable[[], None]
    ) -> Iterator[VideoFrame]:
        """Yield every picture that can be decoded.

        Args:
            before_read: Called before each read, which may block.
            on_damage: Called for each packet or picture that could not be decoded.

        Raises:
            av.error.FFmpegError: A live stream broke. A file that does just ends there.
        """
        packets = self._container.demux(self._stream)
        while True:
            before_read()
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                if self._is_live:
                    raise
                on_damage()
                packet = None
            try:
                # None at the end: the decoder still holds pictures that it had to reorder.
                frames = self._stream.decode(packet)
            except av.error.MemoryError:
                raise
            except av.error.FFmpegError as error:
                self._check_refusal(error, packet)
                frames = []
                if not isinstance(error, av.error.EOFError):
                    on_damage()
            for frame in frames:
                if frame.is_corrupt:
                    on_damage()
                else:
                    self.has_picture = True
                    yield frame
            if packet is None:
                return

    def format_of(self, frame: VideoFrame) -> PictureFormat:
        """Return the format of a picture just decoded; call it for each, in their order."""
        aspect, orientation = self._pixel_aspect(), self._orientation.observe(frame)
        return PictureFormat(frame.width, frame.height, frame.format.name, aspect, orientation)

    def check_size(self, width: int, height: int, pixel_aspect: Fraction | None) -> None:
        """Raise if pictures of this size are refused.

        Raises:
            SourceError: They are (reason ``frame-too-large``).
        """
        shown = display_size(width, height, pixel_aspect)
        if max(width * height, shown[0] * shown[1]) > self._max_frame_px:
            detail = f"{width}x{height} pictures exceed the limit of {self._max_frame_px} pixels"
            raise SourceError(Failure(Reason.FRAME_TOO_LARGE, detail))

    def _check_refusal(
        self, error: av.error.FFmpegError, packet: av.Packet[VideoStream] | None
    ) -> None:
        """Raise if a decoder refuses the size of the first picture, of which it tells no more."""
        if self.has_picture or not isinstance(error, av.error.ArgumentError):
            return
        # Who joins a stream may begin with half a picture; threads tell of a file's first one late.
        if not self._is_live or (packet is not None and packet.is_keyframe):
            detail = f"its pictures exceed the limit of {self._max_frame_px} pixels"
            raise SourceError(Failure(Reason.FRAME_TOO_LARGE, detail)) from None

    def _find_video(self) -> VideoStream:
        attached = av.stream.Disposition.attached_pic  # the cover of a record is no video
        streams = [s for s in self._container.streams.video if not s.disposition & attached]
        if not streams:
            raise SourceError(Failure(Reason.NO_VIDEO, "there is no video stream"))
        stream = streams[0]
        context = stream.codec_context
        if context is None:
            raise SourceError(
                Failure(
                    Reason.CODEC_UNSUPPORTED,
                    _NO_DECODER if self._is_live else "there is no decoder for it",
                )
            )
        if self._is_live and context.name not in LIVE_CODECS.split(","):
            raise SourceError(Failure(Reason.CODEC_UNSUPPORTED, f"codec {context.name}"))
        for other in self._container.streams:
            if other is not stream:
                # Else a stream of sound alone would keep the read for pictures busy for ever.
                with contextlib.suppress(AttributeError):
                    other.discard = av.stream.Discard.all
        context.thread_count = THREADS
        # Threads over frames would hold back one picture each; FFmpeg's low_delay flag is not set,
        # as it puts B-frames out of order.
        context.thread_type = "AUTO" if not self._is_live else "SLICE"
        return stream

    def _what_decoding_lacks(self) -> str:
        context, device = self._stream.codec_context, self._decoding.device
        if device != "cpu" and not context.is_hwaccel:
            return f"{device}: it does not decode {context.name}"
        return self._decoding.lacks

    def _pixel_aspect(self) -> Fraction | None:
        for aspect in (
            self._stream.sample_aspect_ratio,
            self._stream.codec_context.sample_aspect_ratio,
        ):
            if aspect and aspect > 0:
                return aspect
        return None

    def _describe(self) -> StreamInfo:
        context = self._stream.codec_context
        rate = self._stream.average_rate or self._stream.guessed_rate
        is_joinable = Flags.ts_discont in Flags(self._container.format.flags)
        duration = None if is_joinable or self._is_live else self._container.duration
        return StreamInfo(
            codec=context.name,
            width=context.width,
            height=context.height,
            pixel_aspect=self._pixel_aspect(),
            # RTSP's clock of 90 kHz is no rate of pictures.
            announced_fps=float(rate) if rate and rate <= _MOST_FPS else None,
            duration_s=duration / av.time_base if duration else None,
            is_joinable=is_joinable,
            decoder=self._decoding.device if context.is_hwaccel else "cpu",
            decoder_lacks=self._what_decoding_lacks(),
        )
