"""The scene that a host is measured with."""

from __future__ import annotations

from pathlib import Path

import av

from surveil.measuring.scene import write_scene


def test_a_scene_has_the_size_and_rate_of_a_camera_and_moves(tmp_path: Path) -> None:
    with av.open(str(write_scene(tmp_path / "scene.mp4", seconds=1))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (1280, 720, 25)
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(pictures) == 25
    assert (pictures[0] != pictures[-1]).any()
