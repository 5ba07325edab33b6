"""Video files instead of cameras."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from surveil.domain import Reason
from surveil.paths import from_base
from surveil.sources.address import Address, SourceKind
from surveil.sources.failure import Failure, SourceError
from surveil.sources.options import SourceOptions
from surveil.sources.pictures import name_picture

FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,h264,hevc,obu,ivf,mjpeg,m4v,nut,"
    "wav,mp3,aac,flac"  # sound alone is opened only to say that it has no picture
)
"""Demuxers that read one self-contained file; none of them follows references to other files."""


def _check(address: str, base: Path) -> str:
    path = address.removeprefix("file:")
    if path.startswith("//"):
        path = unquote(path.removeprefix("//"))
        if not path.startswith("/"):
            raise ValueError("file:// needs an absolute path; write file:PATH for a relative one")
    if not path:
        raise ValueError("names no file; write file:PATH")
    return f"file:{from_base(path, base)}"


def _resolve(options: SourceOptions) -> Address:
    path = options.url.removeprefix("file:")
    if not path:
        raise SourceError(Failure(Reason.NOT_FOUND, "the address names no file"))
    if (picture := name_picture(Path(path))) is not None:
        raise SourceError(Failure(Reason.NO_VIDEO, f"a picture ({picture}), not a video"))
    return Address(
        # With the prefix, nothing in the name can be taken for another protocol.
        url=f"file:{path}",
        format=None,
        options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
        is_live=False,
    )


VIDEO_FILE = SourceKind(schemes=("file",), form="file:PATH", check=_check, resolve=_resolve)
