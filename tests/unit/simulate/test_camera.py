"""The live loop with viewers of our own: joining, slow readers, being held up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from surveil.simulate.camera import CONGESTED_LIMIT_S, LATE_S, Camera, Viewer
from surveil.simulate.clip import TICKS_PER_S, Clip, Codec, Picture
from surveil.simulate.rtp import RtpSender

FPS = 100
STEP = TICKS_PER_S // FPS


def make_clip(*, keys: tuple[int, ...] = (0, 10), count: int = 20) -> Clip:
    """Pictures whose payload tells their index."""
    pictures = tuple(
        Picture((b"%d" % index,), index * STEP, index * STEP, index in keys)
        for index in range(count)
    )
    return Clip(Path("none"), Codec.H264, 16, 16, FPS, count * STEP, (), pictures, keys)


class Wire:
    """A channel that keeps the payloads; can be congested."""

    def __init__(self) -> None:
        self.payloads: list[int] = []
        self.is_congested = False

    def send(self, packets: Sequence[bytes]) -> None:
        self.payloads += [int(packet[12:]) for packet in packets]

    def send_control(self, packet: bytes) -> None:
        return


async def until(condition: object) -> None:
    assert callable(condition)
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        await asyncio.sleep(0.002)


class Stage:
    """A running camera and one viewer."""

    def __init__(self, clip: Clip) -> None:
        async def no_other() -> Clip:
            raise AssertionError("no other size wanted")

        self.camera = Camera("lobby", clip, resize=no_other)
        self.wire = Wire()
        self.aborted = False
        self.viewer = Viewer(RtpSender(self.wire, 96), self.abort)

    def abort(self) -> None:
        self.aborted = True

    async def join(self) -> None:
        index, _ = self.camera.first_picture()
        await self.camera.join(self.viewer, index)


@pytest.mark.parametrize("age_s", [0.0, 0.033, 0.55, 7.77])
def test_viewer_starts_at_a_keyframe_and_misses_nothing(age_s: float) -> None:
    async def play() -> None:
        stage = Stage(make_clip(keys=(0,), count=100))
        stage.camera.epoch_mono_s -= age_s
        loop = asyncio.create_task(stage.camera.run())
        await stage.join()
        await until(lambda: len(stage.wire.payloads) > 130)
        loop.cancel()
        seen = stage.wire.payloads
        assert seen == [index % 100 for index in range(len(seen))]

    asyncio.run(play())


def test_slow_viewer_is_spared_up_to_a_keyframe() -> None:
    async def play() -> None:
        stage = Stage(make_clip())
        loop = asyncio.create_task(stage.camera.run())
        await stage.join()
        await until(lambda: len(stage.wire.payloads) >= 3)
        stage.wire.is_congested = True
        await until(lambda: stage.camera.stats.dropped >= 2)
        before = len(stage.wire.payloads)
        stage.wire.is_congested = False
        await until(lambda: len(stage.wire.payloads) > before)
        loop.cancel()
        assert stage.wire.payloads[before] in {0, 10}
        assert not stage.aborted

    asyncio.run(play())


def test_viewer_that_never_reads_is_cut_off() -> None:
    async def play() -> None:
        stage = Stage(make_clip())
        loop = asyncio.create_task(stage.camera.run())
        await stage.join()
        stage.wire.is_congested = True
        await until(lambda: stage.viewer.congested_since_s is not None)
        assert stage.viewer.congested_since_s is not None
        stage.viewer.congested_since_s -= CONGESTED_LIMIT_S
        await until(lambda: stage.aborted)
        loop.cancel()
        assert stage.camera.snapshot().viewers == 0

    asyncio.run(play())


def test_loop_that_was_held_up_leaves_pictures_out() -> None:
    async def play() -> None:
        stage = Stage(make_clip())
        loop = asyncio.create_task(stage.camera.run())
        await stage.join()
        await until(lambda: stage.wire.payloads)
        stage.camera.epoch_mono_s -= LATE_S + 1
        await until(lambda: stage.camera.stats.late > 0)
        before = len(stage.wire.payloads)
        await until(lambda: len(stage.wire.payloads) > before)
        loop.cancel()
        assert stage.wire.payloads[before] in {0, 10}
        assert stage.camera.stats.late >= FPS * LATE_S

    asyncio.run(play())


def test_positions_count_on_over_loops() -> None:
    clip = make_clip()
    assert clip.index_after(0) == 1
    assert clip.index_after(clip.duration - 1) == 20
    assert clip.index_after(clip.duration) == 21
    assert [clip.key_before(index) for index in (0, 9, 10, 29, 35)] == [0, 0, 10, 20, 30]
    assert [clip.key_after(index) for index in (0, 9, 10, 29, 35)] == [10, 10, 20, 30, 40]
    picture, base = clip.at(43)
    assert (picture.payloads, base) == ((b"3",), 2 * clip.duration)
