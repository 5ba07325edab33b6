"""JPEGs, which may be pictures or videos, told apart by what they hold."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from surveil.sources.failure import SourceError
from surveil.sources.files import read_file
from surveil.sources.pictures import name_picture

Make = Callable[..., Any]


def test_a_jpeg_is_told_as_one_whatever_its_name(
    tmp_path: Path, picture: Make, file_options: Make
) -> None:
    small = io.BytesIO()
    Image.fromarray(picture(24, 32)).save(small, "JPEG")
    path = tmp_path / "still.mp4"
    # As cameras do: with a small JPEG in the header.
    Image.fromarray(picture(48, 64)).save(path, "JPEG", exif=b"Exif\0\0" + small.getvalue())
    with pytest.raises(SourceError, match=r"a picture \(JPEG\), not a video"):
        list(read_file(file_options(path)))


@pytest.mark.parametrize("name", ["many.mjpeg", "many.mp4"])
def test_jpegs_one_after_another_are_a_video(
    tmp_path: Path, picture: Make, file_options: Make, name: str
) -> None:
    one = io.BytesIO()
    Image.fromarray(picture(48, 64)).save(one, "JPEG")
    (tmp_path / name).write_bytes(one.getvalue() * 5)
    assert name_picture(tmp_path / name) is None
