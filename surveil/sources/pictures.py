"""Files that hold a picture, which FFmpeg takes for a video of one frame or for nothing."""

from __future__ import annotations

from pathlib import Path

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
"""Its first bytes are those of a video of JPEG pictures, too."""


def name_picture(path: Path) -> str | None:
    """Return the format of a file that holds a picture, moving or not; None for all else.

    Looks at regular files alone: what is read from a pipe is gone.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError):
        return None  # opening it will tell
    if head[:3] == b"\xff\xd8\xff" and path.suffix.lower() in _JPEG:
        return "JPEG"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return next((name for start, name in _SIGNATURES if head.startswith(start)), None)
