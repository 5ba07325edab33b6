"""Pictures to measure on, decoded beforehand, and what looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.errors import ConfigError
from surveil.simulate.examples import CLIPS
from surveil.sources.files import read_file
from surveil.sources.options import SourceOptions

Image = NDArray[np.uint8]


def use_one_thread() -> None:
    """Keep OpenCV, which spreads its work over all cores, to one thread in this process."""
    cv2.setNumThreads(1)


def options_of(clip: Path, sample_fps: float) -> SourceOptions:
    """Return how to read a clip."""
    return SourceOptions(camera=clip.stem, url=f"file:{clip.absolute()}", sample_fps=sample_fps)


def read_pictures(clips: Sequence[Path], count: int, sample_fps: float) -> list[Image]:
    """Return so many pictures, as many of each clip, RGB ``(H, W, 3)``.

    Args:
        clips: Files; those that come with surveil if there is none.
        count: At most; a short clip has fewer.
        sample_fps: Pictures a second of a clip.

    Raises:
        ConfigError: The clips hold no picture.
        SourceError: One cannot be read.
    """
    chosen = list(clips) or list(CLIPS.values())
    each = -(-count // len(chosen))
    images = [
        frame.image
        for clip in chosen
        for frame in islice(read_file(options_of(clip, sample_fps)), each)
    ]
    if not images:
        raise ConfigError("the clips hold no picture")
    return images[:count]
