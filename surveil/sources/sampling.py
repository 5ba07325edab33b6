"""Which decoded pictures are handed on, and what time it is in a stream. Pure."""

from __future__ import annotations

_LEAST_STEP_S = 0.001
_MAX_BACK_S = 1.0
_REORDERED = 16
_MAX_STEP_S = 5.0
_MAX_JUMP_S = 10.0
_MAX_DRIFT_S = 2.0
_LEAK = 0.01
_GAP_WEIGHT = 0.1


class MediaClock:
    """Seconds since the first picture of a live stream, from time stamps where they make sense.

    Time stamps space pictures better than their arrival, which comes in bursts; but cameras let
    them jump, stand still or run at another speed. So they are kept as offsets from one anchor, a
    small step back moves nothing, a jump moves the anchor, and the result stays within
    ``_MAX_DRIFT_S`` of the arrivals, towards which the anchor is led by a hundredth of the time.
    """

    def __init__(self) -> None:
        self._pts_s: float | None = None
        self._offset_s: float | None = None
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
            self._start_s = self._arrival_s = arrival_s
        elapsed_s = arrival_s - self._start_s
        gap_s = arrival_s - self._arrival_s
        is_stamped = pts_s is not None and pts_s != self._pts_s
        due_s = self._now_s + gap_s
        if pts_s is not None and is_stamped and self._offset_s is not None:
            stamped_s = self._offset_s + pts_s
            if -_MAX_BACK_S <= stamped_s - self._now_s <= _MAX_STEP_S:
                due_s = stamped_s
        due_s = min(max(due_s, elapsed_s - _MAX_DRIFT_S), elapsed_s + _MAX_DRIFT_S)
        # The anchor is led, not the arrivals: two clocks that differ by little differ by hours in
        # the end, and a picture that seems old is not analysed.
        due_s += min(max(elapsed_s - due_s, -_LEAK * gap_s), _LEAK * gap_s)
        if pts_s is not None and is_stamped:
            self._offset_s = due_s - pts_s
        self._now_s = max(self._now_s, due_s)
        self._pts_s, self._arrival_s = pts_s, arrival_s
        return self._now_s


class PtsClock:
    """Seconds since the first picture of a file, by its time stamps alone, over all its loops.

    A small step back moves nothing: a file that stores pictures in the order of decoding (AVI)
    gives them stamps that go back and forth. A long one is a discontinuity, where the next part of
    a joined file begins, and so is a long step forward in the formats in which parts may be joined.
    Elsewhere it is a pause that the file means.
    """

    def __init__(self, nominal_step_s: float, *, is_joinable: bool = False) -> None:
        """Start at the first picture.

        Args:
            nominal_step_s: Between pictures whose time stamps are missing or stand still, and over
                a discontinuity.
            is_joinable: Whether the format allows time stamps to jump, as MPEG-TS does.
        """
        self._nominal_step_s = nominal_step_s
        self._max_back_s = max(_MAX_BACK_S, _REORDERED * nominal_step_s)
        self._max_jump_s = _MAX_JUMP_S if is_joinable else float("inf")
        self._pts_s: float | None = None
        self._offset_s: float | None = None
        self._now_s: float | None = None

    def restart(self) -> None:
        """The file starts again."""
        self._pts_s = self._offset_s = None

    def advance(self, pts_s: float | None) -> float:
        """Return the time of the next picture, greater than that of the last one."""
        now_s = 0.0 if self._now_s is None else self._now_s + self._nominal_step_s
        if pts_s is not None and pts_s != self._pts_s:
            stamped_s = None if self._offset_s is None else self._offset_s + pts_s
            if (
                stamped_s is not None
                and self._now_s is not None
                and -self._max_back_s <= stamped_s - self._now_s <= self._max_jump_s
            ):
                now_s = max(self._now_s + _LEAST_STEP_S, stamped_s)
            else:
                self._offset_s = now_s - pts_s
        self._pts_s, self._now_s = pts_s, now_s
        return now_s


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
