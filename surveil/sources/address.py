"""From a camera's source to what FFmpeg opens, and with which options.

Every source gets an allow-list of protocols and of formats: an address or a file must never make
FFmpeg read other files or hosts, as playlists (HLS, concat) would.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from surveil.domain import Reason
from surveil.sources.options import SourceOptions
from surveil.sources.reasons import Failure, SourceError

FILE_FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,h264,hevc,obu,ivf,mjpeg,m4v,nut,"
    "wav,mp3,aac,flac"  # sound alone is opened only to say that it has no picture
)
"""Demuxers that read one self-contained file; none of them follows references to other files."""

LIVE_CODECS = "h264,hevc,mjpeg,mpeg4,mpeg2video,h263,vp8,vp9,libdav1d,av1,rawvideo"
"""Decoders that a camera may ask for; FFmpeg has hundreds more, many of them rarely fuzzed."""

BACKSTOP_S = 2.0
"""FFmpeg's own time-out lies this far behind ours, for the case that ours cannot interrupt it."""


@dataclass(frozen=True, slots=True)
class Address:
    """What to give to ``av.open``. ``url`` may hold credentials: never print or store it."""

    url: str = field(repr=False)
    format: str | None
    options: dict[str, str]
    is_live: bool
    host: str | None = None
    port: int | None = None


def resolve(options: SourceOptions) -> Address:
    """Return what FFmpeg is to open.

    Raises:
        SourceError: The scheme is not one of rtsp, rtsps, usb, file, or the address is malformed.
    """
    scheme, _, rest = options.url.partition(":")
    if scheme in ("rtsp", "rtsps"):
        return _resolve_rtsp(options, scheme)
    if scheme == "usb":
        return _resolve_usb(rest)
    if scheme == "file" and rest:
        return Address(
            # With the prefix, nothing in the name can be taken for another protocol.
            url=f"file:{rest}",
            format=None,
            options={"protocol_whitelist": "file", "format_whitelist": FILE_FORMATS},
            is_live=False,
        )
    raise SourceError(Failure(Reason.NOT_FOUND, f"no such kind of source: {scheme}:"))


def _resolve_rtsp(options: SourceOptions, scheme: str) -> Address:
    parts = urlsplit(options.url)
    try:
        host, port = parts.hostname, parts.port or (322 if scheme == "rtsps" else 554)
    except ValueError:
        host, port = None, 0
    if not host:
        raise SourceError(Failure(Reason.NOT_FOUND, "the address names no host or a wrong port"))
    netloc = parts.netloc.rpartition("@")[2]
    if options.username is not None:
        password = options.password.reveal() if options.password is not None else ""
        netloc = f"{quote(options.username, safe='')}:{quote(password, safe='')}@{netloc}"
    limits = (options.connect_timeout_s, options.first_frame_timeout_s, options.stall_timeout_s)
    return Address(
        url=urlunsplit((scheme, netloc, parts.path, parts.query, "")),
        format="rtsp",
        options={
            "protocol_whitelist": "rtp,udp,tcp,tls",
            "codec_whitelist": LIVE_CODECS,
            "rtsp_transport": options.transport,
            "allowed_media_types": "video",
            # Per read or write of a socket, in microseconds.
            "timeout": str(int((max(limits) + BACKSTOP_S) * 1e6)),
            # The announced rate is not used, so do not wait to measure it.
            "fpsprobesize": "0",
            "analyzeduration": str(int(options.connect_timeout_s * 0.5e6)),
        },
        is_live=True,
        host=host,
        port=port,
    )


def _resolve_usb(rest: str) -> Address:
    if sys.platform == "darwin":
        url, kind = rest, "avfoundation"
    else:
        url, kind = (f"/dev/video{rest}" if rest.isdecimal() else rest), "v4l2"
        if not Path(url).match("/dev/*"):
            raise SourceError(Failure(Reason.NOT_FOUND, "a USB camera is usb:N or usb:/dev/NAME"))
    return Address(url=url, format=kind, options={"codec_whitelist": LIVE_CODECS}, is_live=True)


def check_host(address: Address) -> None:
    """Look the host up, since FFmpeg reports an unknown name as any input/output error.

    Raises:
        SourceError: The name is not known (reason ``unreachable``).
    """
    if address.host is None:
        return
    try:
        socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        failure = Failure(Reason.UNREACHABLE, f"the host name {address.host} is not known")
        raise SourceError(failure) from None
