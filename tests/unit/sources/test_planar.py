"""Pictures of planes: converted as FFmpeg does, upright, whole through the ring."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from surveil.domain import Box
from surveil.sources.planar import Canvas, Colour, PlanarFrame, pack, split, to_rgb
from surveil.sources.ring import FrameRing
from surveil.sources.upright import UPRIGHT, Converter, Orientation, upright_planes

AT = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
RUN = "01JD0000000000000000000000"
BT709, UNSPECIFIED, BT601, BT2020 = 1, 2, 6, 9
LIMITED, FULL = 1, 2
TOLERANCE = 3


def decoded(
    width: int = 66, height: int = 34, pixel_format: str = "yuv420p", matrix: int = BT601,
    colour_range: int = LIMITED,
) -> VideoFrame:  # fmt: skip
    """A picture of all colours, most of them within RGB, some beyond it. 66 is no line's length."""
    frame = VideoFrame(width, height, pixel_format)
    dice = np.random.default_rng(7)
    for plane in frame.planes:
        plane.update(dice.integers(16, 240, plane.buffer_size, np.uint8).tobytes())
    # Typed as enumerations, set as the numbers of ITU-T H.273.
    frame.colorspace, frame.color_range = matrix, colour_range
    return frame


@pytest.mark.parametrize("matrix", [BT709, UNSPECIFIED, BT601])
@pytest.mark.parametrize("colour_range", [0, LIMITED, FULL])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p"])
@pytest.mark.parametrize("size", [(66, 34), (2, 2), (1280, 720)])
def test_colours_are_those_of_ffmpeg(
    matrix: int, colour_range: int, pixel_format: str, size: tuple[int, int]
) -> None:
    frame = decoded(*size, pixel_format, matrix, colour_range)
    found = upright_planes(frame, None, UPRIGHT)
    assert found is not None
    planes, colour = found
    expected = Converter().to_rgb(frame, None, UPRIGHT).astype(np.int16)
    difference = np.abs(to_rgb(planes, colour) - expected)
    assert difference.max() <= TOLERANCE


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_planes_are_turned_upright(turns: int, is_mirrored: bool) -> None:
    frame, orientation = decoded(), Orientation(is_mirrored, turns)
    found = upright_planes(frame, Fraction(1), orientation)
    assert found is not None
    image = to_rgb(*found).astype(np.int16)
    expected = Converter().to_rgb(frame, Fraction(1), orientation)
    assert image.shape == expected.shape
    assert np.abs(image - expected).max() <= TOLERANCE


@pytest.mark.parametrize(
    ("size", "pixel_format", "matrix"),
    [
        ((65, 34), "yuv420p", BT601),
        ((66, 33), "yuv420p", BT601),
        ((1, 1), "yuv420p", BT601),
        ((66, 34), "yuv420p", BT2020),
        *(
            ((66, 34), name, BT601)
            for name in ("yuv422p", "yuv444p", "yuv420p10le", "gray", "rgb24", "nv12")
        ),
    ],
)
def test_what_is_not_plain_is_converted_at_once(
    size: tuple[int, int], pixel_format: str, matrix: int
) -> None:
    frame = decoded(*size, pixel_format, matrix)
    assert upright_planes(frame, None, UPRIGHT) is None
    assert Converter().to_rgb(frame, None, UPRIGHT).shape == (*size[::-1], 3)


def test_pixels_that_are_not_square_are_converted_at_once() -> None:
    assert upright_planes(decoded(), Fraction(4, 3), UPRIGHT) is None


def test_kinds_and_sizes_may_change_from_picture_to_picture() -> None:
    ring = FrameRing.create(slot_bytes=1280 * 720 * 3, slots=2)
    reader = FrameRing.attach(ring.fd)
    ring.begin_run(RUN, AT)
    sizes = [(66, 34), (1280, 720), (2, 2), (640, 360), (1280, 720)]
    for index, size in enumerate(sizes, 1):
        frame = decoded(*size, colour_range=FULL)
        found = upright_planes(frame, None, UPRIGHT)
        assert found is not None
        sent = PlanarFrame("lobby", RUN, index, AT, 1000.0 + index, *found)
        ring.put(sent)
        got = reader.take()
        assert got is not None
        assert got.index == index
        assert np.array_equal(got.image, sent.image)
        seen = reader.peek()
        assert seen is not None
        assert np.array_equal(seen.image, sent.image)
    reader.close()
    ring.close()


def test_a_picture_lives_as_long_as_its_planes_and_no_longer() -> None:
    gc.collect()
    gc.disable()
    try:
        found = upright_planes(decoded(), None, UPRIGHT)
        assert found is not None
        before = pack(found[0])
        for _ in range(20):
            decoded()  # would take the memory over
        assert np.array_equal(pack(found[0]), before)
        assert sum(type(one) is av.VideoFrame for one in gc.get_objects()) <= 1
    finally:
        gc.enable()


def test_black_and_white_are_black_and_white() -> None:
    for colour, black, white in (
        (Colour.BT601, 16, 235), (Colour.BT709, 16, 235),
        (Colour.BT601_FULL, 0, 255), (Colour.BT709_FULL, 0, 255),
    ):  # fmt: skip
        for level, expected in ((black, 0), (white, 255)):
            packed = np.full((6, 4), 128, np.uint8)
            packed[:4] = level
            assert np.abs(to_rgb(split(packed), colour).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("matrix", [BT709, BT601])
@pytest.mark.parametrize("colour_range", [LIMITED, FULL])
def test_what_is_shown_in_parts_is_as_in_the_whole(matrix: int, colour_range: int) -> None:
    found = upright_planes(
        decoded(640, 360, matrix=matrix, colour_range=colour_range), None, UPRIGHT
    )
    assert found is not None
    whole = PlanarFrame("lobby", RUN, 1, AT, 1.0, *found)
    parts = [Box(0, 0, 31, 17), Box(100.5, 33.3, 181.2, 90.9), Box(600, 300, 700, 400)]
    frame = PlanarFrame("lobby", RUN, 1, AT, 1.0, *found)
    frame.showing([Box(301, 201, 341, 251), Box(-50, -50, -1, -1), Box(700, 0, 800, 10)])
    shown = frame.showing(parts)
    assert shown.shape == whole.image.shape
    for box in [*parts, Box(301, 201, 341, 251)]:
        part = np.s_[int(box.y1) : int(box.y2) + 1, int(box.x1) : int(box.x2) + 1]
        assert np.array_equal(shown[part], whole.image[part])
    assert not shown[100:200, 200:300].any()  # nothing else was converted
    assert np.array_equal(frame.image, whole.image)
    assert frame.showing(parts) is frame.image


@pytest.mark.parametrize("colour_range", [LIMITED, FULL])
def test_size_and_light_need_no_conversion(colour_range: int) -> None:
    found = upright_planes(decoded(640, 360, colour_range=colour_range), None, UPRIGHT)
    assert found is not None
    frame = PlanarFrame("lobby", RUN, 1, AT, 1.0, *found)
    assert frame.size == (640, 360)
    assert frame.light is frame.planes[0]
    assert frame.light_gain == pytest.approx(255 / 219 if colour_range == LIMITED else 1)


@pytest.mark.parametrize("colour", list(Colour))
def test_a_canvas_shows_each_picture_as_if_it_were_its_first(colour: Colour) -> None:
    chance = np.random.default_rng(3)
    canvas = Canvas()
    for height, width in ((8, 12), (8, 12), (4, 6), (8, 12)):
        planes = split(chance.integers(0, 256, (height * 3 // 2, width)).astype(np.uint8))
        expected = to_rgb(planes, colour)
        assert (canvas.show(planes, colour) == expected).all()
        assert (canvas.show(planes, colour, is_bgr=True) == expected[..., ::-1]).all()
