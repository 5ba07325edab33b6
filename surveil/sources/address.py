"""What FFmpeg opens for a camera's source, and what a kind of source is.

Every source gets an allow-list of protocols and of formats: an address or a file must never make
FFmpeg read other files or hosts, as playlists (HLS, concat) would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from surveil.sources.options import SourceOptions

LIVE_CODECS = "h264,hevc,mjpeg,mpeg4,mpeg2video,h263,vp8,vp9,libdav1d,av1,rawvideo"
"""Decoders that a camera may ask for; FFmpeg has hundreds more, many of them rarely fuzzed."""


@dataclass(frozen=True, slots=True)
class Address:
    """What to give to ``av.open``. ``url`` may hold credentials: never print or store it."""

    url: str = field(repr=False)
    format: str | None
    options: dict[str, str]
    is_live: bool
    host: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """One kind of source; :data:`surveil.sources.registry.KINDS` has them all.

    Attributes:
        schemes: What its addresses start with, before the colon, in lower case.
        form: How its addresses are written, for people.
        check: Called while a configuration is read, with an address (its scheme in lower case,
            without credentials) and the directory that relative paths start from. Returns the
            address as the camera keeps it. Raises ``ValueError`` with a remedy, which must not
            repeat the address; it may come from a secret.
        resolve: Called in the capture process, before each opening. Returns what FFmpeg is to open,
            or raises :class:`~surveil.sources.failure.SourceError`.
        is_exclusive: Only one reader can have it open, as with a device.
    """

    schemes: tuple[str, ...]
    form: str
    check: Callable[[str, Path], str]
    resolve: Callable[[SourceOptions], Address]
    is_exclusive: bool = False
