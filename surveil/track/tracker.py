"""Faces of one camera over time."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveil.domain import Detection
from surveil.track.assignment import assign
from surveil.track.candidate import Candidate
from surveil.track.options import TrackerOptions

USUAL_FRAMES = 5
"""The distance between frames is usual that is the median of so many."""

PAUSE = 3.0
"""Frames this many times as far apart as usual, and further than ``keep_lost_s``, have a pause
between them. One or two frames that are missing at a slow camera are none."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace:
    """A detection with the identity of its track; ``is_new`` on the track's first."""

    track_id: int
    detection: Detection
    is_new: bool


class Tracker:
    """Follows the faces of one camera within one run. Pure: the time is an argument.

    A track moves at constant velocity between its detections and is matched by position, size and
    how sure the prediction is; so it lives through missed detections and occlusions, and keeps its
    identity when it passes another. No picture is looked at and no identity is computed: a face
    that comes back after ``keep_lost_s`` is a new track, also where no frame came in between: a
    pause of the run ends its tracks. At a camera of less than a frame in ``keep_lost_s``, a track
    goes on from one frame to the next.

    Called once for every analysed frame, also for one without faces, in the order of time. Frames
    may be missing, and their distance may vary.

    Args:
        options: See :class:`~surveil.track.options.TrackerOptions`.
        first_id: Identity of the first track; give ``last_id + 1`` to go on within a run.
    """

    def __init__(self, options: TrackerOptions | None = None, *, first_id: int = 1) -> None:
        self._options = options or TrackerOptions()
        self._frame_size: tuple[int, int] | None = None
        self._candidates: list[Candidate] = []
        self._next_id = first_id
        self._began_s: float | None = None
        self._at_s: float | None = None
        self._distances_s: deque[float] = deque(maxlen=USUAL_FRAMES)
        self._seen_once: list[tuple[Candidate, Detection]] = []

    @property
    def last_id(self) -> int:
        """The identity given last; ``first_id - 1`` before the first. None is given twice."""
        return self._next_id - 1

    def update(
        self,
        detections: Sequence[Detection],
        at_s: float,
        *,
        frame_size: tuple[int, int] | None = None,
    ) -> list[TrackedFace]:
        """Take in the faces of one frame.

        Args:
            detections: Faces of the frame, in pixels.
            at_s: When the frame was captured, on a monotonic clock.
            frame_size: Width and height of the frame in pixels. With it, the tracker knows where
                people come in and when they have left; it works without it, less well.

        Returns:
            The faces that belong to a track, in the order of ``detections``. Left out are a face
            seen for the first time, as it may be a false detection, and one that has moved off so
            suddenly that it may be another; the next frame decides.

        Raises:
            ValueError: ``at_s`` lies before that of the last call.
        """
        by_s = 0.0 if self._at_s is None else at_s - self._at_s
        if by_s < 0:
            raise ValueError(f"frames must come in order of time; this one is {-by_s:.3f} s early")
        self._began_s = at_s if self._began_s is None else self._began_s
        self._at_s, self._frame_size = at_s, frame_size
        if self._is_pause(by_s):
            self._candidates = []
        elif by_s > 0:
            self._distances_s.append(by_s)
        for candidate in self._candidates:
            candidate.predict(by_s)
        self._candidates = [c for c in self._candidates if not self._has_left(c)]
        sure = [i for i, d in enumerate(detections) if d.score >= self._options.start_score]
        unsure = [i for i, d in enumerate(detections) if d.score < self._options.start_score]
        # Sure detections choose first (ByteTrack, arXiv:2110.06864).
        matched, origins = self._match(self._candidates, sure, detections)
        missed = [c for c in self._candidates if c.misses]
        matched |= self._match(missed, unsure, detections)[0]
        self._seen_once = [
            (Candidate(detections[i].box, self._options, origins.get(i)), detections[i])
            for i in sure
            if i not in matched
        ]
        faces = [self._identify(matched[i], detections[i]) for i in sorted(matched)]
        kept = [c for c in self._candidates if not c.is_over]
        self._candidates = kept + [candidate for candidate, _ in self._seen_once]
        return faces

    def end(self) -> list[TrackedFace]:
        """Return the faces of the last frame that the end of the run keeps from a second sight.

        Called once after the last frame, by whoever knows that it is the last. In a run that was
        over before ``confirm_within_s`` had passed, such as a clip of one picture, a face seen for
        the first time was not left waiting for long enough to be taken for a false detection. Of a
        longer run nothing is returned.
        """
        if self._at_s is None or self._began_s is None:
            return []
        if self._at_s - self._began_s >= self._options.confirm_within_s:
            return []
        return [self._identify(candidate, detection) for candidate, detection in self._seen_once]

    def _match(
        self, candidates: list[Candidate], indices: list[int], detections: Sequence[Detection]
    ) -> tuple[dict[int, Candidate], dict[int, Candidate]]:
        """Give detections to candidates.

        Returns:
            The candidates that were seen, and the tracks that may have set off at once, by the
            indices of the detections.
        """
        pairs = assign(
            [(candidate.motion, candidate.misses == 1) for candidate in candidates],
            [detections[i].box for i in indices],
            self._options,
            self._frame_size,
        )
        matched: dict[int, Candidate] = {}
        origins: dict[int, Candidate] = {}
        for pair in pairs:
            candidate, i = candidates[pair.track], indices[pair.detection]
            if pair.is_sudden and candidate.track_id is not None:
                origins[i] = candidate
            else:
                candidate.see(detections[i].box)
                matched[i] = candidate
        return matched, origins

    def _identify(self, candidate: Candidate, detection: Detection) -> TrackedFace:
        """Return a face with its identity, which a candidate gets when it is seen again."""
        is_new = False
        if candidate.track_id is None:
            origin = candidate.origin
            if origin in self._candidates and origin is not None and candidate.continues(origin):
                candidate.track_id = origin.track_id
                self._candidates.remove(origin)
            else:
                candidate.track_id = self._next_id
                self._next_id += 1
                is_new = True
            candidate.origin = None
        assert candidate.track_id is not None
        return TrackedFace(candidate.track_id, detection, is_new)

    def _is_pause(self, by_s: float) -> bool:
        """Return whether nobody looked for longer than a track is waited for."""
        if not self._distances_s:
            return False
        usual_s = statistics.median(self._distances_s)
        return by_s > max(self._options.keep_lost_s, PAUSE * usual_s)

    def _has_left(self, candidate: Candidate) -> bool:
        """Return whether a face that was missed has walked out of the picture since."""
        if self._frame_size is None or candidate.misses < 2:
            return False
        motion = candidate.motion
        outside = (motion.position < -motion.size / 2) | (
            motion.position > np.array(self._frame_size) + motion.size / 2
        )
        return bool(outside.any())
