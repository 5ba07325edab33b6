"""One vote per track and interval: the mean of its scores. Pure."""

from __future__ import annotations

from surveil.domain import EMOTIONS, Box, TrackVote
from surveil.intervals.hysteresis import Hysteresis
from surveil.intervals.readings import FaceReading

MAX_TRACKS = 1000
"""Votes of one interval, as many as an event may hold; of more, those with most frames count."""

DIGITS = 5
"""Decimals of fractions and scores in events."""


class _Sums:
    """Sums of one track over an interval."""

    def __init__(self) -> None:
        self.frames = 0
        self.scores = [0.0] * len(EMOTIONS)
        self.score = 0.0
        self.face_px = 0.0
        self.box = Box(0.0, 0.0, 0.0, 0.0)
        self.off_middle_us = -1


class Ballot:
    """The votes of one interval while it is open."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Sums] = {}

    def add(self, face: FaceReading, size: tuple[int, int], off_middle_us: int) -> None:
        """Count one face of a frame.

        Args:
            face: The face, with its box in pixels.
            size: Width and height of the frame in pixels.
            off_middle_us: How far the frame is from the interval's middle; the nearest one gives
                the vote's box, which so stands for the whole interval also while a face moves.
        """
        sums = self._tracks.setdefault(face.track_id, _Sums())
        box = face.detection.box
        sums.frames += 1
        sums.scores = [a + b for a, b in zip(sums.scores, face.scores, strict=True)]
        sums.score += face.detection.score
        sums.face_px += min(box.width, box.height)
        if 0 <= sums.off_middle_us <= off_middle_us:
            return
        sums.off_middle_us = off_middle_us
        width, height = size
        sums.box = Box(
            _fraction(box.x1 / width),
            _fraction(box.y1 / height),
            _fraction(box.x2 / width),
            _fraction(box.y2 / height),
        )

    def votes(self, told: Hysteresis) -> tuple[TrackVote, ...]:
        """Return the votes in order of track id."""
        tracks = sorted(self._tracks.items(), key=lambda item: -item[1].frames)[:MAX_TRACKS]
        return tuple(_vote(track_id, sums, told) for track_id, sums in sorted(tracks))


def _vote(track_id: int, sums: _Sums, told: Hysteresis) -> TrackVote:
    means = tuple(_fraction(total / sums.frames) for total in sums.scores)
    chosen = told.choose(track_id, means)
    return TrackVote(
        track_id=track_id,
        frames=sums.frames,
        box=sums.box,
        score=_fraction(sums.score / sums.frames),
        face_px=round(sums.face_px / sums.frames),
        emotion=EMOTIONS[chosen],
        confidence=means[chosen],
        scores=means,
    )


def _fraction(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), DIGITS)
