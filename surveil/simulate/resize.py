"""The same clip in half its size, for the fault of a changing resolution."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import av

from surveil.simulate.clip import Clip, Codec, load_clip

MAX_SECONDS = 10.0
"""Only the beginning is converted, and looped."""

_ENCODERS = {Codec.H264: "libx264", Codec.H265: "libx265", Codec.MJPEG: "mjpeg"}
_OPTIONS = {
    Codec.H264: {"preset": "veryfast", "crf": "26", "bf": "0"},
    Codec.H265: {"preset": "ultrafast", "crf": "30", "x265-params": "log-level=none:bframes=0"},
    Codec.MJPEG: {"huffman": "default", "qmin": "4", "qmax": "8"},
}


def make_half_size(clip: Clip) -> Clip:
    """Return the beginning of a clip in half its width and height, with a keyframe each second.

    Takes seconds of CPU for large clips: call it off the event loop.
    """
    width, height = max(16, clip.width // 32 * 16), max(16, clip.height // 32 * 16)
    rate = Fraction(clip.fps).limit_denominator(1001)
    with tempfile.TemporaryDirectory(prefix="surveil-") as folder:
        path = Path(folder) / f"{clip.path.stem}.mp4"
        with av.open(str(clip.path)) as source, av.open(str(path), "w") as target:
            stream = target.add_stream(
                _ENCODERS[clip.codec], rate=rate, options=_OPTIONS[clip.codec]
            )
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = width, height
            stream.pix_fmt = "yuvj420p" if clip.codec is Codec.MJPEG else "yuv420p"
            stream.gop_size = max(1, round(clip.fps))
            for index, frame in enumerate(source.decode(video=0)):
                if index >= MAX_SECONDS * clip.fps:
                    break
                small = frame.reformat(width=width, height=height, format=stream.pix_fmt)
                small.pts, small.time_base = index, 1 / rate
                small.pict_type = av.video.frame.PictureType.NONE
                target.mux(stream.encode(small))
            target.mux(stream.encode())
        return load_clip(path)
