"""When to run a batch of frames, and which frames are too old for it. Pure: time is an argument.

Waiting for a frame of every camera stalls on the slowest one, so a batch is due by deadline: after
the cameras' measured period minus what a batch takes, 2 to 100 ms; at once when all cameras that
are delivering have delivered. The announced frame rate is never asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from surveil.domain import Frame

LEAST_WINDOW_S, MOST_WINDOW_S = 0.002, 0.100
WEIGHT = 0.2
"""Of the newest value in the moving averages."""

ABSENT_PERIODS = 3.0
"""A camera that has delivered nothing for this many of its periods is not waited for."""

FIRST_PERIOD_S = 0.2
LONGEST_PERIOD_S = 10.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames to analyse now, and those that are not worth it any more."""

    frames: list[Frame]
    stale: list[Frame]


@dataclass(slots=True)
class _Rhythm:
    last_s: float
    period_s: float


class Batcher:
    """Collects frames of many cameras; used by one thread.

    Args:
        max_batch: Frames of one batch at most.
        max_age_s: A frame older than this when its turn comes is stale.
    """

    def __init__(self, *, max_batch: int, max_age_s: float) -> None:
        self._max_batch = max_batch
        self._max_age_s = max_age_s
        self._waiting: list[Frame] = []
        self._since_s = 0.0
        self._rhythms: dict[str, _Rhythm] = {}
        self._execution_s = 0.0

    @property
    def has_room(self) -> bool:
        """Whether to offer more; otherwise frames are better left where the newest wins."""
        return len(self._waiting) < self._max_batch

    @property
    def window_s(self) -> float:
        """How long the first frame of a batch may wait for others."""
        period_s = min((r.period_s for r in self._rhythms.values()), default=FIRST_PERIOD_S)
        return min(max(period_s - self._execution_s, LEAST_WINDOW_S), MOST_WINDOW_S)

    def offer(self, frame: Frame, now_s: float) -> None:
        """Take a frame; ``now_s`` is monotonic, on the clock of ``captured_mono_s``."""
        if not self._waiting:
            self._since_s = now_s
        self._waiting.append(frame)
        rhythm = self._rhythms.get(frame.camera)
        if rhythm is None:
            self._rhythms[frame.camera] = _Rhythm(frame.captured_mono_s, FIRST_PERIOD_S)
            return
        elapsed_s = min(max(frame.captured_mono_s - rhythm.last_s, 0.0), LONGEST_PERIOD_S)
        rhythm.period_s += WEIGHT * (elapsed_s - rhythm.period_s)
        rhythm.last_s = frame.captured_mono_s

    def due_in_s(self, now_s: float) -> float | None:
        """Return in how many seconds the batch is due; 0 for now, None when nothing waits."""
        if not self._waiting:
            return None
        if not self.has_room or self._is_complete(now_s):
            return 0.0
        return max(self._since_s + self.window_s - now_s, 0.0)

    def take(self, now_s: float) -> Batch:
        """Return what waits, oldest first; the batcher is empty afterwards."""
        waiting, self._waiting = self._waiting, []
        frames: list[Frame] = []
        stale: list[Frame] = []
        for frame in sorted(waiting, key=lambda frame: frame.captured_mono_s):
            too_old = now_s - frame.captured_mono_s > self._max_age_s
            (stale if too_old else frames).append(frame)
        return Batch(frames, stale)

    def executed(self, duration_s: float) -> None:
        """Note how long a batch took."""
        weight = WEIGHT if self._execution_s else 1.0
        self._execution_s += weight * (duration_s - self._execution_s)

    def forget(self, camera: str) -> None:
        """Wait no more for a camera that is offline."""
        self._rhythms.pop(camera, None)

    def _is_complete(self, now_s: float) -> bool:
        present = {frame.camera for frame in self._waiting}
        return all(
            camera in present or now_s - rhythm.last_s > ABSENT_PERIODS * rhythm.period_s
            for camera, rhythm in self._rhythms.items()
        )
