"""Which decoded pictures are handed on, and what time it is in a stream. Pure."""

from __future__ import annotations

_MAX_STEP_S = 5.0
_MAX_DRIFT_S = 2.0
_GAP_WEIGHT = 0.1


class MediaClock:
    """Seconds since the first picture, from time stamps where they make sense.

    Time stamps space pictures better than their arrival, which comes in bursts; but cameras let
    them jump, stand still or run at another speed. A step that is not positive or too long is
    replaced by the time between arrivals, and a clock that drifts off is set to the arrivals.
    """

    def __init__(self) -> None:
        self._pts_s: float | None = None
        self._arrival_s: float | None = None
        self._start_s = 0.0
        self._now_s = 0.0

    def advance(self, pts_s: float | None, arrival_s: float) -> float:
        """Return the stream's time of the next picture, never less than that of the last one.

        Args:
            pts_s: Its time stamp in seconds from anywhere, or None.
            arrival_s: When it was decoded, monotonic seconds.
        """
        if self._arrival_s is None:
            self._start_s = arrival_s
        else:
            step_s = -1.0
            if pts_s is not None and self._pts_s is not None:
                step_s = pts_s - self._pts_s
            if not 0 < step_s <= _MAX_STEP_S:
                step_s = arrival_s - self._arrival_s
            self._now_s += max(step_s, 0.0)
            elapsed_s = arrival_s - self._start_s
            if abs(self._now_s - elapsed_s) > _MAX_DRIFT_S:
                # Forwards only: after a clock that ran fast, count on from where it is.
                self._start_s = min(self._start_s, arrival_s - self._now_s)
                self._now_s = arrival_s - self._start_s
        self._pts_s, self._arrival_s = pts_s, arrival_s
        return self._now_s


class PtsClock:
    """Seconds since the first picture of a file, by its time stamps alone, over all its loops."""

    def __init__(self, nominal_step_s: float) -> None:
        """Use ``nominal_step_s`` wherever time stamps are missing or do not grow."""
        self._nominal_step_s = nominal_step_s
        self._pts_s: float | None = None
        self._now_s: float | None = None

    def restart(self) -> None:
        """The file starts again."""
        self._pts_s = None

    def advance(self, pts_s: float | None) -> float:
        """Return the time of the next picture, greater than that of the last one."""
        if self._now_s is None:
            self._now_s = 0.0
        else:
            step_s = -1.0
            if pts_s is not None and self._pts_s is not None:
                step_s = pts_s - self._pts_s
            self._now_s += step_s if step_s > 0 else self._nominal_step_s
        self._pts_s = pts_s
        return self._now_s


class Sampler:
    """Choose pictures at an even rate out of a stream of any and of varying rate.

    Each due time goes to the picture nearest to it: one that comes early by less than half the
    usual distance between pictures is taken. So a camera at just ``sample_fps`` loses none to
    jitter, and never are more than ``sample_fps`` taken in the long run.
    """

    def __init__(self, sample_fps: float) -> None:
        """Start with a picture being due.

        Raises:
            ValueError: The rate is not positive.
        """
        if not sample_fps > 0:
            raise ValueError(f"sample_fps must be positive, not {sample_fps}")
        self._period_s = 1.0 / sample_fps
        self._due_s: float | None = None
        self._last_s = 0.0
        self._gap_s: float | None = None

    def wants(self, time_s: float) -> bool:
        """Say whether to take the picture at ``time_s``, which never runs backwards."""
        if self._due_s is None:
            self._due_s, self._last_s = time_s + self._period_s, time_s
            return True
        gap_s = min(time_s - self._last_s, self._period_s)
        self._last_s = time_s
        known = self._gap_s if self._gap_s is not None else gap_s
        self._gap_s = known + _GAP_WEIGHT * (gap_s - known)
        if time_s < self._due_s - self._gap_s / 2:
            return False
        self._due_s += self._period_s
        if self._due_s <= time_s:
            self._due_s = time_s + self._period_s  # no burst to make up for a pause
        return True
