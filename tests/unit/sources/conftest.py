"""Media made in the test, as small as what it is about allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.domain import Frame
from surveil.sources.options import SourceOptions

RUN = "01JD0000000000000000000000"


def write_video(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    rotation: float | None = None,
    hflip: bool = False,
    pixel_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures. x264 at crf 1 keeps flat areas within a grey level or two."""
    height, width = images[0].shape[:2]
    with av.open(str(path), "w", options=container_options or {}) as container:
        settings = {"crf": "1", "preset": "ultrafast", **(options or {})}
        stream: Any = container.add_stream(codec, rate=25, options=settings)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = time_base
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=hflip)
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts = index if pts is None else pts[index]
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def quarters(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose four quarters differ: 40 top left, 100 top right, 160 and 220 below."""
    image = np.empty((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = 40
    image[: height // 2, width // 2 :] = 100
    image[height // 2 :, : width // 2] = 160
    image[height // 2 :, width // 2 :] = 220
    return image


def corners(image: NDArray[np.uint8]) -> list[int]:
    """The quarters of a picture again, each rounded to the nearest of its four levels."""
    height, width = image.shape[:2]
    return [
        int(round((float(image[y, x].mean()) - 40) / 60) * 60 + 40)
        for y in (height // 4, 3 * height // 4)
        for x in (width // 4, 3 * width // 4)
    ]


@pytest.fixture
def video() -> Callable[..., Path]:
    return write_video


@pytest.fixture
def picture() -> Callable[[int, int], NDArray[np.uint8]]:
    return quarters


@pytest.fixture
def levels() -> Callable[[NDArray[np.uint8]], list[int]]:
    return corners


@pytest.fixture
def file_options() -> Callable[..., SourceOptions]:
    """Options of a file, every picture of which is taken."""

    def make(path: Path, **changes: Any) -> SourceOptions:
        defaults: dict[str, Any] = {"sample_fps": 1000.0, "realtime": False}
        return SourceOptions(camera="clip", url=f"file:{path}", **{**defaults, **changes})

    return make


@pytest.fixture
def frame() -> Callable[..., Frame]:
    """A frame filled with one value."""

    def make(
        index: int, value: int = 0, *, run: str = RUN, size: tuple[int, int] = (4, 6)
    ) -> Frame:
        at = datetime(2026, 3, 29, 0, 59, 59, index, tzinfo=UTC)
        image = np.full((*size, 3), value, np.uint8)
        return Frame("lobby", run, index, at, 1000.0 + index, image)

    return make
