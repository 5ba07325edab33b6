"""Write a clip again with its faces drawn on every picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from surveil.clips.analyze import ZERO_AT, ClipTimeline, Moment, clip_options
from surveil.domain import Box
from surveil.drawing.painter import Painter, ShownFace
from surveil.errors import ConfigError
from surveil.replacing import replacing
from surveil.sources.files import read_file

ENDINGS = (".mp4", ".mkv", ".mov")
LEAST_SIDE_PX, MOST_SIDE_PX = 360, 1920
"""Smaller clips are enlarged until their labels can be read."""

HOLD_S = 0.5
"""A face is shown this long at most beyond the frames in which it was seen."""

_EVERY_FPS = 1000.0
_TIME_BASE = Fraction(1, 90_000)


class Trail:
    """The faces of one part of a clip at any time: boxes move between analysed frames."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._moments = moments
        self._at = 0

    def at(self, time_s: float) -> list[ShownFace]:
        """Return the faces at a time, which never runs backwards from call to call."""
        moments = self._moments
        while self._at + 1 < len(moments) and moments[self._at + 1].time_s <= time_s:
            self._at += 1
        before = moments[self._at]
        after = moments[self._at + 1] if self._at + 1 < len(moments) else None
        since_s = time_s - before.time_s
        gap_s = after.time_s - before.time_s if after else 2 * HOLD_S
        later = {face.track_id: face for face in after.faces} if after else {}
        shown = []
        for face in before.faces:
            box = face.detection.box
            target = later.pop(face.track_id, None)
            if target is not None and gap_s <= 2 * HOLD_S:
                box = _between(box, target.detection.box, since_s / gap_s)
            elif since_s > min(gap_s / 2, HOLD_S):
                continue
            shown.append(ShownFace(face.track_id, box, face.emotion, face.scores))
        for face in later.values():
            if gap_s - since_s < min(gap_s / 2, HOLD_S):
                shown.append(
                    ShownFace(face.track_id, face.detection.box, face.emotion, face.scores)
                )
        return shown


def check_target(path: Path) -> None:
    """Refuse an ending that cannot hold H.264, and a folder that does not exist.

    Raises:
        ConfigError: So it is.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{path}: the ending must be one of {', '.join(ENDINGS)}")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.absolute().parent}")


def write_annotated(
    timeline: ClipTimeline,
    path: Path,
    *,
    on_progress: Callable[[float], None] = lambda time_s: None,
) -> int:
    """Write every picture of a clip, annotated, as H.264 without sound; returns their number.

    Args:
        timeline: Of the clip, with its moments.
        path: Where to; replaced only once all is written.
        on_progress: Told the time in the clip.

    Raises:
        ConfigError: The file cannot be written.
        SourceError: The clip cannot be read any more.
    """
    trails = {
        part: Trail(list(moments))
        for part, moments in groupby(timeline.moments, key=lambda moment: moment.part)
    }
    speed_fps = timeline.frames / max(timeline.elapsed_s, 1e-3)
    scale = scale_of(timeline.size)
    width, height = (round(side * scale) // 2 * 2 or 2 for side in timeline.size)
    painter = Painter(width, height)
    count, part, run = 0, -1, ""
    try:
        with replacing(path) as fresh, av.open(str(fresh), "w") as container:
            stream = _add_stream(container, width, height, timeline.fps)
            for frame in read_file(clip_options(timeline.clip, _EVERY_FPS), ZERO_AT):
                if frame.run != run:
                    run, part = frame.run, part + 1
                time_s = (frame.captured_at - ZERO_AT).total_seconds()
                image, placed = fit(frame.image, width, height)
                faces = [_move(face, placed) for face in _faces(trails.get(part), time_s)]
                caption = f"{_clock(time_s)}   {_count(len(faces))}   {speed_fps:.0f} fps analysed"
                picture = av.VideoFrame.from_ndarray(painter.paint(image, faces, caption))
                picture.pts, picture.time_base = round(time_s / _TIME_BASE), _TIME_BASE
                container.mux(stream.encode(picture))
                count += 1
                on_progress(time_s)
            container.mux(stream.encode(None))
    except (av.error.FFmpegError, OSError) as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return count


def scale_of(size: tuple[int, int]) -> float:
    """Return by how much to enlarge pictures of a size, so that labels can be read: 1 or more."""
    return max(1.0, min(LEAST_SIDE_PX / min(size), MOST_SIDE_PX / max(size)))


def fit(
    image: NDArray[np.uint8], width: int, height: int
) -> tuple[NDArray[np.uint8], tuple[float, float, float]]:
    """Scale a picture into a size without stretching it; the rest is black.

    Returns:
        The picture, and scale and offset (x, y) of what was at 0, 0.
    """
    from_height, from_width = image.shape[:2]
    if abs(from_width - width) <= 1 and abs(from_height - height) <= 1:
        return np.ascontiguousarray(image[:height, :width]), (1.0, 0.0, 0.0)
    scale = min(width / from_width, height / from_height)
    inner = max(round(from_width * scale), 1), max(round(from_height * scale), 1)
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    scaled = cv2.resize(image, inner, interpolation=method)
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = scaled
    return canvas, (scale, float(left), float(top))


def _add_stream(
    container: av.container.OutputContainer, width: int, height: int, fps: float | None
) -> VideoStream:
    rate = Fraction(fps or 25).limit_denominator(1001)
    stream = container.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = _TIME_BASE
    return stream


def _faces(trail: Trail | None, time_s: float) -> list[ShownFace]:
    return trail.at(time_s) if trail else []


def _between(a: Box, b: Box, share: float) -> Box:
    return Box(*(p + share * (q - p) for p, q in zip(a.xyxy, b.xyxy, strict=True)))


def _move(face: ShownFace, placed: tuple[float, float, float]) -> ShownFace:
    scale, left, top = placed
    x1, y1, x2, y2 = face.box.xyxy
    box = Box(x1 * scale + left, y1 * scale + top, x2 * scale + left, y2 * scale + top)
    return ShownFace(face.track_id, box, face.emotion, face.scores)


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(time_s, 60)
    return f"{int(minutes):02d}:{seconds:04.1f}"


def _count(faces: int) -> str:
    return "1 face" if faces == 1 else f"{faces} faces"
