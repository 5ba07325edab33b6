"""Photographs, and sampled pictures of videos, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.sources.failure import SourceError
from surveil.sources.files import read_file
from surveil.sources.options import SourceOptions
from surveil.training.data.tree import Tree, shown, walk
from surveil.training.errors import DataError

PHOTOGRAPHS = frozenset(
    {".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff"}
)
VIDEOS = frozenset({".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".ts"})
"""Suffixes in lower case; other files are passed over, and counted."""

_START = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a file.

    Attributes:
        name: The file's path below the source; of a video with ``#`` and the number of the sample.
        at_s: Seconds since the video's start; ``None`` for a photograph.
        rgb: Shape ``(H, W, 3)``.
    """

    name: str
    at_s: float | None
    rgb: NDArray[np.uint8]


def find_files(source: Path) -> Tree:
    """Return all photographs and videos below a folder, and what is passed over.

    Raises:
        DataError: There is no such folder, or none of them in it.
    """
    if not source.is_dir():
        raise DataError(f"{source}: no such folder")
    tree = walk(source, PHOTOGRAPHS | VIDEOS)
    if not tree.files:
        there = ", ".join(f"{count} {what}" for what, count in tree.counts.most_common())
        raise DataError(
            f"{source}: there is no photograph and no video in it{there and f' ({there})'}; read "
            f"are {', '.join(sorted(PHOTOGRAPHS | VIDEOS))}"
        )
    return tree


def is_video(file: Path) -> bool:
    """Return whether a file is sampled as a video."""
    return file.suffix.lower() in VIDEOS


def read_photograph(file: Path) -> NDArray[np.uint8]:
    """Return a photograph as RGB ``(H, W, 3)``, upright as its camera says.

    Raises:
        DataError: It cannot be read.
    """
    try:
        data = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise DataError(f"{shown(file)}: {error.strerror}") from error
    rgb = decode(data)
    if rgb is None:
        raise DataError(f"{shown(file)}: not a readable picture")
    return rgb


def decode(data: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return an encoded picture's pixels as RGB, or ``None`` if it cannot be decoded.

    Of deep pictures the fewest bits of 10, 12, 14 and 16 that hold all values are taken for the
    whole range: a camera's 12 bits in 16 would be black else.
    """
    if not len(data):
        return None
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        if picture is not None and picture.dtype not in (np.uint8, np.uint16):
            picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:
        # A header that claims more pixels than OpenCV takes.
        return None
    if picture is None:
        return None
    if picture.dtype == np.uint16:
        bits = next(bits for bits in (10, 12, 14, 16) if picture.max(initial=0) < 1 << bits)
        picture = np.rint(picture * (255 / ((1 << bits) - 1)))
    return np.asarray(cv2.cvtColor(picture.astype(np.uint8), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_pictures(file: Path, name: str, sample_fps: float) -> Iterator[Picture]:
    """Yield a photograph, or the sampled pictures of a video, which is never held whole.

    Raises:
        DataError: The file cannot be read.
    """
    if not is_video(file):
        yield Picture(name, None, read_photograph(file))
        return
    if shown(file) != file.as_posix():
        raise DataError(f"{shown(file)}: the name of a video must be UTF-8")
    options = SourceOptions(camera="import", url=f"file:{file.resolve()}", sample_fps=sample_fps)
    try:
        for number, frame in enumerate(read_file(options, _START)):
            at_s = (frame.captured_at - _START).total_seconds()
            yield Picture(f"{name}#{number:06}", at_s, frame.image)
    except SourceError as error:
        raise DataError(f"{file}: {error}") from error
