"""Pictures of files stand upright and their pixels are square, whatever the file says."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.sidedata.sidedata import Type

from surveil.sources.files import read_file

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("rotation", "hflip", "shape", "expected"),
    [
        (0, False, (48, 64, 3), [40, 100, 160, 220]),
        (90, False, (64, 48, 3), [100, 220, 40, 160]),
        (180, False, (48, 64, 3), [220, 160, 100, 40]),
        (-90, False, (64, 48, 3), [160, 40, 220, 100]),
        (0, True, (48, 64, 3), [100, 40, 220, 160]),
    ],
)
def test_phone_videos_are_upright(
    tmp_path: Path,
    video: Make,
    picture: Make,
    levels: Make,
    file_options: Make,
    rotation: float,
    hflip: bool,
    shape: tuple[int, int, int],
    expected: list[int],
) -> None:
    path = video(tmp_path / "phone.mp4", [picture(48, 64)] * 2, rotation=rotation, hflip=hflip)
    (image, _) = [frame.image for frame in read_file(file_options(path))]
    assert image.shape == shape
    assert levels(image) == expected


@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_each_quarter_lands_where_the_matrix_sends_it(
    tmp_path: Path,
    video: Make,
    picture: Make,
    levels: Make,
    file_options: Make,
    rotation: float,
    hflip: bool,
) -> None:
    path = video(tmp_path / "phone.mp4", [picture(48, 64)] * 2, rotation=rotation, hflip=hflip)
    with av.open(str(path)) as container:
        side_data: Any = next(container.decode(video=0)).side_data
        words = [
            np.frombuffer(bytes(data), np.int32)
            for data in side_data
            if data.type is Type.DISPLAYMATRIX
        ]
    # FFmpeg, libavutil/display.h: x' = a x + c y, y' = b x + d y, with y downwards. No matrix is
    # written for no turn.
    a, b, _, c, d = (words[0] / 65536)[:5] if words else (1, 0, 0, 0, 1)
    expected = {}
    for level, (x, y) in zip(
        [40, 100, 160, 220], [(-1, -1), (1, -1), (-1, 1), (1, 1)], strict=True
    ):
        expected[round(b * x + d * y), round(a * x + c * y)] = level
    image = next(iter(read_file(file_options(path)))).image
    assert levels(image) == [level for _, level in sorted(expected.items())]


def turn_by_message(source: Path, target: Path, *, degrees: int, parts: int = 1) -> Path:
    """Copy H.264 and say at its key frames, and nowhere else, how to turn the pictures (SEI).

    With several parts, only the first of them says so.
    """
    with av.open(str(source)) as old, target.open("wb") as new:
        stream = old.streams.video[0]
        packets = [packet for packet in old.demux(stream) if packet.size]
        turned = BitStreamFilterContext(
            f"h264_mp4toannexb,h264_metadata=display_orientation=insert:rotate={degrees}", stream
        )
        plain = BitStreamFilterContext("h264_mp4toannexb", stream)
        first = len(packets) // parts
        for filter_, some in ((turned, packets[:first]), (plain, packets[first:])):
            for packet in some:
                new.writelines(bytes(one) for one in filter_.filter(packet))
    return target


def test_an_orientation_told_at_key_frames_lasts_until_the_next(
    tmp_path: Path, video: Make, picture: Make, levels: Make, file_options: Make
) -> None:
    group = {"g": "5", "sc_threshold": "0"}
    upright = video(tmp_path / "upright.mp4", [picture(48, 64)] * 20, options=group)
    path = turn_by_message(upright, tmp_path / "turned.h264", degrees=90)
    frames = list(read_file(file_options(path)))
    assert [frame.image.shape for frame in frames] == [(64, 48, 3)] * 20
    assert {tuple(levels(frame.image)) for frame in frames} == {(100, 220, 40, 160)}
    assert len({frame.run for frame in frames}) == 1


def test_an_orientation_that_is_told_no_more_is_forgotten_at_the_second_key_frame(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    group = {"g": "5", "sc_threshold": "0"}
    upright = video(tmp_path / "upright.mp4", [picture(48, 64)] * 20, options=group)
    path = turn_by_message(upright, tmp_path / "turned.h264", degrees=90, parts=2)
    shapes = [frame.image.shape[:2] for frame in read_file(file_options(path))]
    assert shapes == [(64, 48)] * 15 + [(48, 64)] * 5


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [
        (Fraction(2, 1), (48, 128, 3)),  # as from anamorphic DV
        (Fraction(1, 2), (48, 32, 3)),
        (Fraction(12, 11), (48, 70, 3)),  # PAL's
    ],
)
def test_pixels_become_square(
    tmp_path: Path,
    video: Make,
    picture: Make,
    levels: Make,
    file_options: Make,
    aspect: Fraction,
    shape: tuple[int, int, int],
) -> None:
    path = video(tmp_path / "wide.mkv", [picture(48, 64)] * 2, pixel_aspect=aspect)
    image = next(iter(read_file(file_options(path)))).image
    assert image.shape == shape
    assert levels(image) == [40, 100, 160, 220]


def test_turned_and_anamorphic_at_once(
    tmp_path: Path, video: Make, picture: Make, levels: Make, file_options: Make
) -> None:
    # Pixels are twice as wide as high before the picture is turned.
    path = video(
        tmp_path / "both.mp4", [picture(48, 64)] * 2, rotation=90, pixel_aspect=Fraction(2, 1)
    )
    image = next(iter(read_file(file_options(path)))).image
    assert image.shape == (128, 48, 3)
    assert levels(image) == [100, 220, 40, 160]
