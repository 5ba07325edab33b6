"""The newest readings of one camera, in memory that inference shares with whoever watches.

One process writes (the inference worker of the camera, once per analysed frame), any number read,
and none ever waits for another. Readings are kept nowhere else: not in the spool, not on a disk,
not on another host; with the last process that holds the memory they are gone.

Guaranteed: a reader sees a reading whole or not at all, also if the writer is killed at any
instruction; readings come in the order in which they were written, those of the frames of a run in
order of time; a replaced writer goes on behind its predecessor. Not guaranteed: that a reader sees
every reading. Only the last ``READINGS`` are kept, and a jump in ``position`` tells of those that
were overwritten unread.
"""

from __future__ import annotations

import os
import struct
import sys
from dataclasses import dataclass
from datetime import datetime

from surveil.domain import EMOTIONS, Box, Emotion
from surveil.errors import SurveilError
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.sources.shared_memory import create_memory, fence, map_memory
from surveil.sources.statelog import from_us, to_us

READINGS = 32
MAX_FACES = 100
"""Faces of one reading; of more, those with the largest boxes are kept and the rest is counted."""

_MAGIC = int.from_bytes(b"surveilR", sys.byteorder)
_HEADER_BYTES = 64
_HEAD = 1
_FRONT = struct.Struct("=26sQqHH")  # run, index, captured at in us, faces, faces left out
_FACE = struct.Struct(f"=Q4ffB{len(EMOTIONS)}f")  # track, box, score, emotion, scores
_SLOT_BYTES = -(-(8 + _FRONT.size + MAX_FACES * _FACE.size) // 64) * 64
_RING_BYTES = _HEADER_BYTES + READINGS * _SLOT_BYTES


class ReadingsRingError(SurveilError):
    """Not a ring of readings, or one of another version."""


@dataclass(frozen=True, slots=True)
class LiveFace:
    """One face as it is told now.

    Attributes:
        track_id: Unique within the run.
        box: In fractions of the frame, 0..1.
        score: The detector's, 0..1.
        emotion: After hysteresis.
        scores: Calibrated and smoothed, in the order of ``EMOTIONS``.
    """

    track_id: int
    box: Box
    score: float
    emotion: Emotion
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LiveReading:
    """What was found in one frame; ``(run, index)`` names the frame, as in the ring of frames.

    Attributes:
        position: Counts readings of this ring, 1, 2, 3… over all runs and writers.
        run: The frame's run.
        index: The frame's index in it.
        captured_at: The frame's instant, UTC.
        faces: At most ``MAX_FACES``.
        left_out: Faces that there was no room for.
    """

    position: int
    run: str
    index: int
    captured_at: datetime
    faces: tuple[LiveFace, ...]
    left_out: int


class ReadingsRing:
    """A ring of the last ``READINGS`` readings in anonymous memory."""

    def __init__(self, fd: int) -> None:
        """Map the ring behind a descriptor, which is taken over; see create() and attach()."""
        self.fd = fd
        self._memory = map_memory(fd)
        self._view = memoryview(self._memory)
        self._words = self._view.cast("Q")

    @classmethod
    def create(cls) -> ReadingsRing:
        """Make a new ring; memory is used only as far as readings fill it."""
        fd = create_memory(_RING_BYTES)
        with map_memory(fd) as memory:
            struct.pack_into("=Q", memory, 0, _MAGIC)
        return cls(fd)

    @classmethod
    def attach(cls, fd: int) -> ReadingsRing:
        """Map an inherited ring; the caller keeps (and may close) its own descriptor.

        Raises:
            ReadingsRingError: The descriptor is not a ring of this version.
        """
        if os.fstat(fd).st_size != _RING_BYTES:
            raise ReadingsRingError("the inherited descriptor is not a ring of readings")
        with map_memory(fd) as memory:
            (magic,) = struct.unpack_from("=Q", memory, 0)
        if magic != _MAGIC:
            raise ReadingsRingError("the inherited descriptor is not a ring of readings")
        return cls(os.dup(fd))

    def close(self) -> None:
        """Unmap and close the descriptor; the memory lives on while others hold it."""
        self._words.release()
        self._view.release()
        self._memory.close()
        os.close(self.fd)

    def put(self, reading: FrameReading) -> None:
        """Writer: add a reading; never waits, overwrites the oldest. A failed frame has none."""
        if reading.faces is None:
            return
        frame = reading.frame
        position = self._words[_HEAD] + 1
        start = self._start(position)
        faces = sorted(reading.faces, key=_area, reverse=True)[:MAX_FACES]
        self._words[start // 8] = 0  # while it is written, the slot has no position
        fence()
        at = start + 8
        left_out = min(len(reading.faces) - len(faces), 0xFFFF)
        _FRONT.pack_into(
            self._view,
            at,
            frame.run.encode(),
            frame.index,
            to_us(frame.captured_at),
            len(faces),
            left_out,
        )
        width, height = frame.size
        for place, face in enumerate(faces):
            _pack(self._view, at + _FRONT.size + place * _FACE.size, face, width, height)
        fence()
        self._words[start // 8] = position
        fence()
        self._words[_HEAD] = position

    def read(self, after: int = 0) -> list[LiveReading]:
        """Return the readings after a position, oldest first; the last one is the newest."""
        head = self._words[_HEAD]
        positions = range(max(after, head - READINGS) + 1, head + 1)
        readings = (self._read_one(position) for position in positions)
        return [reading for reading in readings if reading is not None]

    def _read_one(self, position: int) -> LiveReading | None:
        start = self._start(position)
        if self._words[start // 8] != position:
            return None
        fence()
        copy = bytes(self._view[start + 8 : start + _SLOT_BYTES])
        fence()
        if self._words[start // 8] != position:
            return None
        run, index, at_us, count, left_out = _FRONT.unpack_from(copy)
        faces = tuple(_unpack(copy, _FRONT.size + place * _FACE.size) for place in range(count))
        name = run.rstrip(b"\0").decode()
        return LiveReading(position, name, index, from_us(at_us), faces, left_out)

    @staticmethod
    def _start(position: int) -> int:
        return _HEADER_BYTES + position % READINGS * _SLOT_BYTES


def _area(face: FaceReading) -> float:
    box = face.detection.box
    return box.width * box.height


def _pack(view: memoryview, at: int, face: FaceReading, width: int, height: int) -> None:
    x1, y1, x2, y2 = face.detection.box.xyxy
    _FACE.pack_into(
        view,
        at,
        face.track_id,
        *(x1 / width, y1 / height, x2 / width, y2 / height),
        face.detection.score,
        EMOTIONS.index(face.emotion),
        *face.scores,
    )


def _unpack(copy: bytes, at: int) -> LiveFace:
    track_id, x1, y1, x2, y2, score, emotion, *scores = _FACE.unpack_from(copy, at)
    return LiveFace(track_id, Box(x1, y1, x2, y2), score, EMOTIONS[emotion], tuple(scores))
