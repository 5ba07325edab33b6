"""A clip as a camera would send it: its encoded pictures, ready as RTP payloads."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import av
from av.format import Flags

from surveil.errors import ConfigError
from surveil.simulate.payload import h264, h265, packetise_h264, packetise_h265, packetise_jpeg
from surveil.simulate.payload.jpeg import JpegError
from surveil.simulate.payload.nal import NalFormat, read_avcc, read_hvcc

TICKS_PER_S = 90_000
"""RTP clock of every video payload format used here (RFC 3551, 5)."""

MAX_CLIP_BYTES = 256 * 1024 * 1024
"""A clip is held in memory as a whole; longer ones are refused."""

_DEFAULT_FPS = 25.0
_MAX_BACK, _MAX_JUMP = TICKS_PER_S, 10 * TICKS_PER_S
"""Steps of time that a clip may hold; beyond, its parts were joined. Forwards, that is so in
formats that may be joined (MPEG-TS); elsewhere it is a pause."""


class ClipError(ConfigError):
    """A clip cannot be served; the message names the file and what to do."""


class Codec(StrEnum):
    """The codecs that the simulator can put into RTP, by FFmpeg's name."""

    H264 = "h264"
    H265 = "hevc"
    MJPEG = "mjpeg"


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture.

    Attributes:
        payloads: RTP payloads in order; a keyframe begins with its parameter sets.
        dts: When it is sent, in ticks from the clip's start.
        pts: When it is shown, in ticks from the clip's start; goes onto the wire.
        is_key: Decoding can begin here.
    """

    payloads: tuple[bytes, ...]
    dts: int
    pts: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """The pictures of one clip in sending order, of which the first is a keyframe.

    Attributes:
        duration: Ticks after which the clip begins anew.
        parameter_sets: VPS, SPS and PPS for the session description; empty for MJPEG.
    """

    path: Path
    codec: Codec
    width: int
    height: int
    fps: float
    duration: int
    parameter_sets: tuple[bytes, ...]
    pictures: tuple[Picture, ...]
    keys: tuple[int, ...] = field(repr=False)

    def index_after(self, ticks: int) -> int:
        """Return the global index of the first picture sent later than ``ticks`` (>= 0).

        A global index counts on over the loops: ``loop * len(pictures) + index``.
        """
        loops, rest = divmod(ticks, self.duration)
        return loops * len(self.pictures) + bisect_right(self.pictures, rest, key=_dts)

    def key_before(self, index: int) -> int:
        """Return the greatest global index of a keyframe that is <= ``index`` (>= 0)."""
        loops, rest = divmod(index, len(self.pictures))
        return loops * len(self.pictures) + self.keys[bisect_right(self.keys, rest) - 1]

    def key_after(self, index: int) -> int:
        """Return the smallest global index of a keyframe that is > ``index``."""
        loops, rest = divmod(index, len(self.pictures))
        at = bisect_right(self.keys, rest)
        if at == len(self.keys):
            return (loops + 1) * len(self.pictures)
        return loops * len(self.pictures) + self.keys[at]

    def at(self, index: int) -> tuple[Picture, int]:
        """Return a picture by global index, and the ticks at which its loop began."""
        loops, rest = divmod(index, len(self.pictures))
        return self.pictures[rest], loops * self.duration


def _dts(picture: Picture) -> int:
    return picture.dts


def load_clip(path: Path) -> Clip:
    """Read a clip's encoded video pictures; nothing is decoded, audio is left out.

    Raises:
        ClipError: The file is missing, unreadable, has no video, another codec than H.264, H.265
            or MJPEG, a picture its payload format cannot carry, or more than ``MAX_CLIP_BYTES``.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ClipError(f"{path}: no video in it")
            stream = container.streams.video[0]
            try:
                codec = Codec(stream.codec_context.name)
            except ValueError:
                raise ClipError(
                    f"{path}: codec {stream.codec_context.name} cannot be served; "
                    f"convert it: ffmpeg -i {path.name} -c:v libx264 {path.stem}-h264.mp4"
                ) from None
            return _read(path, codec, container, stream)
    except (OSError, av.error.FFmpegError) as error:
        raise ClipError(f"{path}: cannot be read: {error.strerror or error}") from error
    except JpegError as error:
        raise ClipError(f"{path}: MJPEG cannot be served over RTP: {error}") from error


def _read(
    path: Path,
    codec: Codec,
    container: av.container.InputContainer,
    stream: av.VideoStream,
) -> Clip:
    to_payloads, format_ = _payload_format(codec, stream.codec_context.extradata or b"")
    scale = float(stream.time_base or 0) * TICKS_PER_S
    fps = float(stream.average_rate or stream.guessed_rate or _DEFAULT_FPS)
    pictures: list[Picture] = []
    is_joinable = Flags.ts_discont in Flags(container.format.flags)
    max_jump = _MAX_JUMP if is_joinable else math.inf
    start = 0
    total = 0
    for packet in container.demux(stream):
        if not packet.size or packet.pts is None:
            continue
        if not pictures and not packet.is_keyframe:
            continue
        data = bytes(packet)
        total += len(data)
        if total > MAX_CLIP_BYTES:
            raise ClipError(f"{path}: larger than {MAX_CLIP_BYTES} bytes")
        payloads = to_payloads(data, packet.is_keyframe)
        if not payloads:
            continue
        at = round((packet.dts if packet.dts is not None else packet.pts) * scale)
        if not pictures:
            start, sent = at, 0
        else:
            last, sent = pictures[-1].dts, at - start
            if not -_MAX_BACK <= sent - last <= max_jump:
                sent = last + round(TICKS_PER_S / fps)  # where parts of a file were joined
                start = at - sent
            sent = max(sent, last + 1)
        shown = round(packet.pts * scale) - start
        pictures.append(Picture(payloads, sent, shown, bool(packet.is_keyframe)))
    if not pictures:
        raise ClipError(f"{path}: no keyframe in it")
    last = pictures[-1].dts
    step = math.ceil(last / (len(pictures) - 1)) if len(pictures) > 1 else TICKS_PER_S / fps
    return Clip(
        path=path,
        codec=codec,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        fps=fps,
        duration=last + max(1, int(step)),
        parameter_sets=format_.parameter_sets,
        pictures=tuple(pictures),
        keys=tuple(index for index, picture in enumerate(pictures) if picture.is_key),
    )


def _payload_format(
    codec: Codec, extradata: bytes
) -> tuple[Callable[[bytes, bool], tuple[bytes, ...]], NalFormat]:
    if codec is Codec.MJPEG:
        return (lambda data, _is_key: packetise_jpeg(data)), NalFormat(0, ())
    is_h264 = codec is Codec.H264
    format_ = read_avcc(extradata) if is_h264 else read_hvcc(extradata)
    packetise = packetise_h264 if is_h264 else packetise_h265
    sps = h264.SPS if is_h264 else h265.SPS
    type_of = h264.nal_type if is_h264 else h265.nal_type

    def to_payloads(data: bytes, is_key: bool) -> tuple[bytes, ...]:
        units: Sequence[bytes] = format_.split(data)
        if is_key and all(type_of(unit) != sps for unit in units):
            units = [*format_.parameter_sets, *units]
        return packetise(units)

    return to_payloads, format_
