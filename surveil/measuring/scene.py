"""A scene as an ordinary camera sends it, 1280x720 at 25 fps, made of a clip of the demo."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from surveil.simulate.examples import CLIPS

WIDTH, HEIGHT, FPS = 1280, 720, 25
SECONDS = 8
"""It is shown in a loop."""
NOISE = 2
"""Grey levels that a sensor adds or takes at most: without, a still picture costs too little."""


def write_scene(path: Path, *, clip: str = "entrance", seconds: int = SECONDS) -> Path:
    """Write a clip of the demo, with its faces, in the size and rate of a camera.

    Takes some seconds of processor time; the same pictures for the same arguments.

    Args:
        path: Where to, an ``.mp4``.
        clip: Name of one that comes with surveil.
        seconds: At most; the clip is not repeated.
    """
    random = np.random.default_rng(1)
    options = {"preset": "veryfast", "crf": "26", "bf": "0"}
    with av.open(str(CLIPS[clip])) as source, av.open(str(path), "w") as target:
        rate = source.streams.video[0].average_rate
        assert rate is not None
        stream = target.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = FPS
        shown = 0
        for index, frame in enumerate(source.decode(video=0)):
            large = frame.reformat(width=WIDTH, height=HEIGHT, format="rgb24").to_ndarray()
            while shown < seconds * FPS and shown * rate < (index + 1) * FPS:
                noise = random.integers(-NOISE, NOISE + 1, (HEIGHT, WIDTH, 1), dtype=np.int16)
                image = np.clip(large + noise, 0, 255).astype(np.uint8)
                target.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
                shown += 1
            if shown >= seconds * FPS:
                break
        target.mux(stream.encode())
    return path
