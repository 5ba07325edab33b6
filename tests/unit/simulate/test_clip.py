"""Clips made ready to be served."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from surveil.simulate.clip import TICKS_PER_S, load_clip


def write_clip(path: Path, stamps: range) -> Path:
    """Encode a black picture at each 25th of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            frame.pts, frame.time_base = stamp, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("starts", [(0, 125_000), (125_000, 0)], ids=["forwards", "back"])
def test_joined_parts_are_sent_one_after_the_other(tmp_path: Path, starts: tuple[int, int]) -> None:
    parts = [write_clip(tmp_path / f"{n}.ts", range(n, n + 10)) for n in starts]  # 83 minutes apart
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    clip = load_clip(path)
    step = TICKS_PER_S // 25
    assert [late.dts - early.dts for early, late in pairwise(clip.pictures)] == [step] * 19
    assert [late.pts - early.pts for early, late in pairwise(clip.pictures)] == [step] * 19
    assert clip.duration == 20 * step


def test_a_pause_of_a_clip_is_kept(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "pause.mkv", range(0, 1500, 500))
    assert [picture.dts for picture in load_clip(path).pictures] == [
        second * TICKS_PER_S for second in (0, 20, 40)
    ]
