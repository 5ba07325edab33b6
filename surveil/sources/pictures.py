"""Files that hold a picture, which FFmpeg takes for a video of one frame or for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_HEAD_BYTES = 32
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "HEIC"),
    **dict.fromkeys((b"mif1", b"msf1", b"miaf"), "HEIF"),
}
"""Of ISO base media files (ISO 23008-12, 10.2), which hold pictures as well as videos."""


_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_MJPEG = (".mjpeg", ".mjpg")
"""Suffixes of pictures, and of videos that are nothing but such pictures one after another."""

_MOST_READ_BYTES = 32 << 20
"""A JPEG that is longer is taken for one picture."""


def name_picture(path: Path) -> str | None:
    """Return the format of a file that holds a picture, moving or not; None for all else.

    Looks at regular files alone: what is read from a pipe is gone.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            if head[:3] == b"\xff\xd8\xff":
                return "JPEG" if _is_one_jpeg(path.suffix.lower(), head, file) else None
    except (OSError, ValueError):
        return None  # opening it will tell
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return next((name for start, name in _SIGNATURES if head.startswith(start)), None)


def _is_one_jpeg(suffix: str, head: bytes, file: BinaryIO) -> bool:
    """Return whether a JPEG is not followed by another, whatever its name claims.

    Its segments are walked to the picture's own data, since what cameras write before it holds
    small JPEGs as well. A second picture that the first one announces (CIPA DC-007) belongs to it.
    """
    if suffix in _JPEG or suffix in _MJPEG:
        return suffix in _JPEG
    data = head + file.read(_MOST_READ_BYTES)
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":  # start of scan
        if data[at + 4 : at + 8] == b"MPF\0":
            return True
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    end = data.find(b"\xff\xd9", at)
    return end < 0 or data[end + 2 : end + 5] != b"\xff\xd8\xff"
