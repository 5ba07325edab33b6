"""Cameras by RTSP, plain or over TLS."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from surveil.domain import Reason
from surveil.hosts import split_host
from surveil.sources.address import LIVE_CODECS, Address, SourceKind
from surveil.sources.failure import Failure, SourceError
from surveil.sources.options import SourceOptions

_PORTS = {"rtsp": 554, "rtsps": 322}

BACKSTOP_S = 2.0
"""FFmpeg's own time-out lies this far behind ours, for the case that ours cannot interrupt it."""


def _check(address: str, base: Path) -> str:
    if "#" in address:
        raise ValueError("holds a #; in a password write it as %23")
    host, _ = split_host(address)
    if not host:
        raise ValueError("names no host; write rtsp://HOST/PATH")
    return address


def _resolve(options: SourceOptions) -> Address:
    parts = urlsplit(options.url)
    try:
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:
        host, port = None, 0
    if not host:
        raise SourceError(Failure(Reason.NOT_FOUND, "the address names no host or a wrong port"))
    # A zone stands percent-encoded in a URL (RFC 6874), and is looked up as it is.
    host, netloc = (text.replace("%25", "%", 1) for text in (host, parts.netloc.rpartition("@")[2]))
    if options.username is not None:
        password = options.password.reveal() if options.password is not None else ""
        netloc = f"{quote(options.username, safe='')}:{quote(password, safe='')}@{netloc}"
    limits = (options.connect_timeout_s, options.first_frame_timeout_s, options.stall_timeout_s)
    return Address(
        url=urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")),
        format="rtsp",
        options={
            "protocol_whitelist": "rtp,udp,tcp,tls",
            "codec_whitelist": LIVE_CODECS,
            "rtsp_transport": options.transport,
            "allowed_media_types": "video",
            # Per read or write of a socket, in microseconds.
            "timeout": str(int((max(limits) + BACKSTOP_S) * 1e6)),
            # Neither the announced rate nor the first decoding time is used, and either would wait
            # for several pictures, which a camera may send seconds apart.
            "fpsprobesize": "0",
            "max_ts_probe": "0",
            "analyzeduration": str(int(options.connect_timeout_s * 0.5e6)),
        },
        is_live=True,
        host=host,
        port=port,
    )


RTSP = SourceKind(
    schemes=("rtsp", "rtsps"), form="rtsp://HOST/PATH", check=_check, resolve=_resolve
)
