"""Files of every kind that people have, and of some that they should not."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import SideDataContainer
from PIL import Image

from surveil.domain import Reason
from surveil.sources.failure import SourceError
from surveil.sources.files import read_file
from surveil.sources.options import SourceOptions

Make = Callable[..., Any]
START = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)


def reason_of(options: SourceOptions) -> Reason:
    with pytest.raises(SourceError) as caught:
        list(read_file(options))
    return caught.value.failure.reason


def test_every_picture_comes_in_its_time(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "clip.mp4", [picture(48, 64)] * 10)
    frames = list(read_file(file_options(path), START))
    assert [frame.index for frame in frames] == list(range(1, 11))
    assert frames[0].captured_at == START
    assert frames[5].captured_at - START == timedelta(seconds=0.2)
    assert len({frame.run for frame in frames}) == 1
    image = frames[0].image
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


def copy(source: Path, target: Path, *, shift_s: float) -> Path:
    """Copy a file's encoded pictures into another format, at other times."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is None or packet.pts is None:
                continue
            ticks = round(shift_s / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts + ticks, packet.dts + ticks, stream
            new.mux(packet)
    return target


B_FRAMES = {"bf": "3", "b-adapt": "0", "g": "50"}


def test_b_frames_in_a_format_without_their_times_keep_the_length(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    stream = video(tmp_path / "b.ts", [picture(48, 64)] * 100, options=B_FRAMES)
    # MPEG-TS begins at 1.4 s; AVI refuses times below zero, and counts pictures as decoded.
    path = copy(stream, tmp_path / "b.avi", shift_s=-1.4)
    frames = list(read_file(file_options(path), START))
    assert len(frames) == 100
    assert (frames[-1].captured_at - START).total_seconds() == pytest.approx(3.96, abs=0.13)


def test_joined_parts_last_as_long_as_their_pictures(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    first = video(tmp_path / "first.ts", [picture(48, 64)] * 100, options=B_FRAMES)
    second = copy(first, tmp_path / "second.ts", shift_s=5000.0)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    frames = list(read_file(file_options(path), START))
    assert len(frames) == 200
    assert (frames[-1].captured_at - START).total_seconds() == pytest.approx(7.96, abs=0.01)


def test_time_stamps_that_wrap_go_on(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    stream = video(tmp_path / "b.ts", [picture(48, 64)] * 100, options=B_FRAMES)
    path = copy(stream, tmp_path / "wrap.ts", shift_s=2**33 / 90_000 - 3.0)
    frames = list(read_file(file_options(path), START))
    assert (frames[-1].captured_at - START).total_seconds() == pytest.approx(3.96, abs=0.01)


def test_sampling_follows_time_stamps_not_the_announced_rate(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    # 25 fps for a second, then one picture every 200 ms for two more seconds.
    pts = [*range(25), *range(25, 75, 5)]
    path = video(tmp_path / "vfr.mkv", [picture(48, 64)] * len(pts), pts=pts)
    frames = list(read_file(file_options(path, sample_fps=5.0), START))
    seconds = [(frame.captured_at - START).total_seconds() for frame in frames]
    # Whole 25ths become milliseconds in Matroska, so a picture may come 1 ms early.
    assert seconds == pytest.approx([0.2 * index for index in range(15)], abs=0.041)


# Anticlockwise turns of a picture whose quarters are 40 100 / 160 220.
def test_pictures_do_not_wait_for_the_collector(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "phone.mp4", [picture(48, 64)] * 40, rotation=90)

    def count() -> int:
        return sum(type(one) is SideDataContainer for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = count()
        assert len(list(read_file(file_options(path)))) == 40
        # What tells a picture's orientation holds the picture, and the picture it.
        assert count() - before <= 1
    finally:
        gc.enable()


@pytest.mark.parametrize("size", [(8, 8), (4320, 7680)])
def test_smallest_and_largest(
    tmp_path: Path, video: Make, file_options: Make, size: tuple[int, int]
) -> None:
    path = video(tmp_path / "size.avi", [np.full((*size, 3), 128, np.uint8)], codec="mjpeg")
    (only,) = read_file(file_options(path))
    assert only.image.shape == (*size, 3)


def test_larger_than_allowed_is_refused(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "large.mp4", [picture(48, 64)] * 2)
    assert reason_of(file_options(path, max_frame_px=48 * 64 - 1)) is Reason.FRAME_TOO_LARGE
    assert list(read_file(file_options(path, max_frame_px=48 * 64)))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("m.avi", "mjpeg"),
        ("m.mkv", "mpeg4"),
        ("v.webm", "libvpx-vp9"),
        ("h.ts", "libx264"),
        ("2.mpg", "mpeg2video"),
    ],
)
def test_larger_than_allowed_is_not_even_decoded(
    tmp_path: Path, video: Make, picture: Make, file_options: Make, name: str, codec: str
) -> None:
    # The decoder itself refuses; some formats do not tell a size before that.
    path = video(tmp_path / name, [picture(480, 640)] * 3, codec=codec, options={})
    assert reason_of(file_options(path, max_frame_px=48 * 64)) is Reason.FRAME_TOO_LARGE


def test_pixels_of_absurd_shape_are_refused(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "absurd.mkv", [picture(48, 64)] * 2, pixel_aspect=Fraction(20, 1))
    assert reason_of(file_options(path, max_frame_px=64 * 48 * 19)) is Reason.FRAME_TOO_LARGE


def test_a_truncated_clip_gives_what_is_there(
    tmp_path: Path, video: Make, file_options: Make
) -> None:
    # Noise, so that every picture has its share of the bytes; Matroska, whose index comes last.
    noise = np.random.default_rng(1).integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
    path = video(tmp_path / "cut.mkv", list(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 5 <= len(list(read_file(file_options(path)))) < 20


def test_damage_within_a_clip_costs_only_what_it_hits(
    tmp_path: Path, video: Make, file_options: Make
) -> None:
    # Key frames only, so that no damage spreads.
    noise = np.random.default_rng(1).integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
    path = video(tmp_path / "hurt.mkv", list(noise), options={"g": "1"})
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : third + 2000] = bytes(2000)
    path.write_bytes(data)
    assert len(list(read_file(file_options(path)))) >= 10


def test_a_clip_cut_before_its_index_is_refused(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    path = video(tmp_path / "cut.mp4", [picture(48, 64)] * 10)
    path.write_bytes(path.read_bytes()[:600])  # MP4 has its index at the end
    assert reason_of(file_options(path)) is Reason.STREAM_BROKEN


def test_sound_alone_is_no_video(tmp_path: Path, file_options: Make) -> None:
    path = tmp_path / "sound.mka"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert reason_of(file_options(path)) is Reason.NO_VIDEO


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 4096, bytes(range(256)) * 64], ids=["empty", "zeros", "bytes"]
)
def test_garbage_is_refused(tmp_path: Path, file_options: Make, content: bytes) -> None:
    path = tmp_path / "garbage.mp4"
    path.write_bytes(content)
    assert reason_of(file_options(path)) in (Reason.STREAM_BROKEN, Reason.STREAM_ENDED)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile clip.ts\n"),
        (
            "session.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 26\n",
        ),
    ],
)
def test_lists_of_other_files_are_refused(
    tmp_path: Path, video: Make, picture: Make, file_options: Make, name: str, content: str
) -> None:
    video(tmp_path / "clip.ts", [picture(48, 64)] * 10)
    (tmp_path / name).write_text(content)
    assert reason_of(file_options(tmp_path / name)) is Reason.STREAM_BROKEN


@pytest.mark.parametrize("kind", ["AVIF", "GIF", "PNG", "WEBP", "TIFF", "BMP", "JPEG"])
def test_a_picture_is_told_as_one(
    tmp_path: Path, picture: Make, file_options: Make, kind: str
) -> None:
    ending = {"JPEG": "jpg"}.get(kind, kind.lower())
    path = tmp_path / f"still.{ending}"
    Image.fromarray(picture(48, 64)).save(path, kind)
    with pytest.raises(SourceError, match="not a video") as caught:
        list(read_file(file_options(path)))
    assert caught.value.failure.reason is Reason.NO_VIDEO


@pytest.mark.parametrize(("name", "codec"), [("one.mp4", "libx264"), ("one.avi", "mjpeg")])
def test_a_clip_of_one_picture_is_a_clip(
    tmp_path: Path, video: Make, picture: Make, file_options: Make, name: str, codec: str
) -> None:
    path = video(tmp_path / name, [picture(48, 64)], codec=codec)
    assert len(list(read_file(file_options(path)))) == 1


def test_no_such_file_and_no_file_at_all(tmp_path: Path, file_options: Make) -> None:
    assert reason_of(file_options(tmp_path / "none.mp4")) is Reason.NOT_FOUND
    assert reason_of(file_options(tmp_path)) in (Reason.NOT_FOUND, Reason.STREAM_BROKEN)
    assert reason_of(SourceOptions(camera="c", url="rtsp://host/x")) is Reason.NOT_FOUND


def test_another_size_midway_is_another_run(
    tmp_path: Path, video: Make, picture: Make, file_options: Make
) -> None:
    # Elementary streams may be joined end to end; in-band parameter sets bring the new size.
    small = video(tmp_path / "small.h264", [picture(48, 64)] * 5).read_bytes()
    large = video(tmp_path / "large.h264", [picture(96, 128)] * 5).read_bytes()
    path = tmp_path / "joined.h264"
    path.write_bytes(small + large)
    frames = list(read_file(file_options(path), START))
    shapes = [frame.image.shape[:2] for frame in frames]
    assert shapes == [(48, 64)] * 5 + [(96, 128)] * 5
    assert len({frame.run for frame in frames[:5]}) == len({frame.run for frame in frames[5:]}) == 1
    assert frames[0].run != frames[5].run
    assert frames[5].index == 1
    assert frames[4].captured_at < frames[5].captured_at
