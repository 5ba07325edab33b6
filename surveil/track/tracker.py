"""Faces of one camera over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from surveil.domain import Detection
from surveil.track.assignment import assign
from surveil.track.motion import Motion
from surveil.track.options import TrackerOptions


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace:
    """A detection with the identity of its track; ``is_new`` on the track's first."""

    track_id: int
    detection: Detection
    is_new: bool


@dataclass(slots=True)
class _Track:
    """A face that was seen; ``track_id`` is ``None`` until it was seen twice."""

    motion: Motion
    seen_s: float
    track_id: int | None = field(default=None)


class Tracker:
    """Follows the faces of one camera within one run. Pure: the time is an argument.

    A track moves at constant velocity between its detections and is matched by position, size and
    how sure the prediction is; so it lives through missed detections and occlusions, and keeps its
    identity when it passes another. No picture is looked at and no identity is computed: a face
    that comes back after ``keep_lost_s`` is a new track.

    Called once for every analysed frame, also for one without faces, in the order of time. Frames
    may be missing, and their distance may vary.

    Args:
        options: See :class:`~surveil.track.options.TrackerOptions`.
        first_id: Identity of the first track; give ``last_id + 1`` to go on within a run.
    """

    def __init__(self, options: TrackerOptions | None = None, *, first_id: int = 1) -> None:
        self._options = options or TrackerOptions()
        self._tracks: list[_Track] = []
        self._next_id = first_id
        self._at_s: float | None = None

    @property
    def last_id(self) -> int:
        """The identity given last; ``first_id - 1`` before the first. None is given twice."""
        return self._next_id - 1

    @property
    def live_ids(self) -> frozenset[int]:
        """The tracks in view or still waited for; others never come back."""
        return frozenset(t.track_id for t in self._tracks if t.track_id is not None)

    def update(self, detections: Sequence[Detection], at_s: float) -> list[TrackedFace]:
        """Take in the faces of one frame.

        Args:
            detections: Faces of the frame, in pixels.
            at_s: When the frame was captured, on a monotonic clock.

        Returns:
            The faces that belong to a track, in the order of ``detections``. A face seen for the
            first time is not among them; from the second time on it is.

        Raises:
            ValueError: ``at_s`` lies before that of the last call.
        """
        by_s = 0.0 if self._at_s is None else at_s - self._at_s
        if by_s < 0:
            raise ValueError(f"frames must come in order of time; this one is {-by_s:.3f} s early")
        self._at_s = at_s
        for track in self._tracks:
            track.motion.predict(by_s)
        sure = [i for i, d in enumerate(detections) if d.score >= self._options.start_score]
        unsure = [i for i, d in enumerate(detections) if d.score < self._options.start_score]
        seen: dict[int, TrackedFace] = {}
        # Sure detections choose first (ByteTrack, arXiv:2110.06864), confirmed tracks before those
        # seen once: a false detection beside a face must not take its next detection away.
        waiting = self._tracks
        for indices in (sure, unsure):
            for is_confirmed in (True, False):
                group = [t for t in waiting if (t.track_id is not None) == is_confirmed]
                left = [i for i in indices if i not in seen]
                matched = self._match(group, left, detections, at_s, seen)
                waiting = [t for t in waiting if not any(t is m for m in matched)]
        self._tracks = [track for track in self._tracks if not self._is_over(track, at_s)]
        for i in sure:
            if i not in seen:
                self._tracks.append(_Track(Motion(detections[i].box, self._options), at_s))
        return [seen[i] for i in sorted(seen)]

    def _match(
        self,
        tracks: list[_Track],
        indices: list[int],
        detections: Sequence[Detection],
        at_s: float,
        seen: dict[int, TrackedFace],
    ) -> list[_Track]:
        """Assign some detections to some tracks, note them in ``seen``, return the tracks."""
        pairs = assign(
            [(track.motion, at_s - track.seen_s) for track in tracks],
            [detections[i].box for i in indices],
            self._options,
        )
        for row, column in pairs:
            track, i = tracks[row], indices[column]
            track.motion.correct(detections[i].box)
            track.seen_s = at_s
            is_new = track.track_id is None
            if track.track_id is None:
                track.track_id = self._next_id
                self._next_id += 1
            seen[i] = TrackedFace(track.track_id, detections[i], is_new)
        return [tracks[row] for row, _ in pairs]

    def _is_over(self, track: _Track, at_s: float) -> bool:
        unseen_s = at_s - track.seen_s
        if track.track_id is None:
            return unseen_s > self._options.confirm_within_s
        return unseen_s > self._options.keep_lost_s
