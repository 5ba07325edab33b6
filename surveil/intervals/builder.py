"""Frames of one run to interval events. Pure: time comes with each call.

Intervals lie on whole multiples of their length since 1970 UTC; the first and the last of a run may
be shorter. Between the first and the last there is exactly one per multiple, with or without frames
and faces, but for a long silence: of more than :data:`MAX_SILENCE` without an analysed frame (a
suspended host, a pause in a clip) no intervals are made up, a hole says it better and costs
nothing.

Every sampled frame ends up in exactly one interval, as analysed, stale or busy: frames carry their
count of sampled frames, so those that inference never saw show as a jump, and are laid evenly
between their neighbours. In each interval ``sampled == analysed + stale + busy``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from surveil.domain import FrameCounts, IntervalEvent
from surveil.intervals.hysteresis import Hysteresis
from surveil.intervals.readings import FaceReading
from surveil.intervals.spreading import spread
from surveil.intervals.votes import Ballot

MAX_SILENCE = timedelta(seconds=60)
"""Intervals without an analysed frame are told one by one for so long."""

_LEAST_US = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


class _Bucket:
    """One open interval."""

    def __init__(self) -> None:
        self.captured = self.decode = 0
        self.sampled = self.analysed = self.gated = self.stale = self.busy = 0
        self.ballot = Ballot()

    def counts(self) -> FrameCounts:
        return FrameCounts(
            captured=self.captured,
            sampled=self.sampled,
            analysed=self.analysed,
            stale=self.stale,
            busy=self.busy,
            decode=self.decode,
            gated=self.gated,
        )


class IntervalBuilder:
    """Builds the interval events of one run, with ``seq`` 0.

    Args:
        camera: Camera id.
        run: The run.
        interval_s: Length, 0.2 to 60 s.
        model: Name of the classifier, for the events.
        start_at: When the run became live, or where a restarted worker goes on.
        grace_s: A frame comes at most this long after its time; older ones are stale anyhow.
        hysteresis: Lead in mean score by which an emotion replaces a track's last one, 0..1.
        is_continued: The run has intervals of an earlier worker: what was counted before
            ``start_at`` is not ours to tell.
    """

    def __init__(
        self,
        camera: str,
        run: str,
        *,
        interval_s: float,
        model: str,
        start_at: datetime,
        grace_s: float,
        hysteresis: float,
        is_continued: bool = False,
    ) -> None:
        self._camera, self._run, self._model = camera, run, model
        self._length_us = round(interval_s * 1e6)
        self._grace_us = round(grace_s * 1e6)
        self._from_us = _to_us(start_at)
        self._has_emitted = False
        self._buckets: dict[int, _Bucket] = {}
        self._told = Hysteresis(hysteresis)
        self._is_continued, self._is_counting = is_continued, not is_continued
        self._index, self._frame_us = 0, self._from_us
        self._captured = self._decode = 0
        self._counted_us = self._from_us

    def add(
        self,
        index: int,
        captured_at: datetime,
        size: tuple[int, int],
        faces: Sequence[FaceReading],
        *,
        is_gated: bool = False,
    ) -> None:
        """Count an analysed frame.

        Args:
            index: ``Frame.index``, growing from call to call.
            captured_at: ``Frame.captured_at``.
            size: Width and height in pixels.
            faces: Its faces, with boxes in pixels.
            is_gated: They are known without a network.
        """
        at_us = self._sample(index, captured_at)
        bucket = self._bucket(at_us)
        bucket.sampled += 1
        if at_us < self._from_us:
            bucket.stale += 1  # its interval is over
            return
        bucket.analysed += 1
        bucket.gated += is_gated
        off_middle_us = abs(at_us - self._multiple(at_us) - self._length_us // 2)
        for face in faces:
            bucket.ballot.add(face, size, off_middle_us)

    def drop(self, index: int, captured_at: datetime, *, is_stale: bool) -> None:
        """Count a frame that was taken and not analysed: too old, or (busy) not manageable."""
        bucket = self._bucket(self._sample(index, captured_at))
        bucket.sampled += 1
        bucket.stale += is_stale
        bucket.busy += not is_stale

    def count(self, at: datetime, captured: int, decode: int) -> None:
        """Note the run's cumulative counters of decoded and undecodable pictures at an instant."""
        at_us = max(_to_us(at), self._counted_us)
        if self._is_counting:
            span = (self._counted_us, at_us, self._length_us)
            for start_us, count in spread(captured - self._captured, *span):
                self._bucket(start_us).captured += count
            for start_us, count in spread(decode - self._decode, *span):
                self._bucket(start_us).decode += count
        else:
            self._is_counting = True
        self._captured, self._decode = captured, decode
        self._counted_us = at_us

    def close(self, now: datetime) -> list[IntervalEvent]:
        """Return the intervals that are over: a later frame has come, or ``grace_s`` has passed."""
        return self._emit(max(_to_us(now) - self._grace_us, self._frame_us))

    def end(self, at: datetime, sampled: int = 0) -> list[IntervalEvent]:
        """Return all that is left; the run, or this worker's part of it, ends at ``at``.

        Args:
            at: The end; the last interval may be shorter.
            sampled: Cumulative count of sampled frames of the run: what was not taken is busy.
        """
        at_us = max(_to_us(at), self._frame_us)
        if self._index or not self._is_continued:
            missed = max(sampled - self._index, 0)
            self._miss(missed, at_us)
            self._index += missed
        events = self._emit(at_us)
        if at_us <= self._from_us and self._buckets:
            at_us = self._from_us + _LEAST_US  # a frame on the very border is told as well
        if at_us > self._from_us:
            events.append(self._event(at_us))
        return events

    def _sample(self, index: int, captured_at: datetime) -> int:
        at_us = _to_us(captured_at)
        if not self._has_emitted and at_us < self._from_us:
            self._from_us = self._frame_us = at_us  # the first frame was captured before "live"
        if self._index == 0 and self._is_continued:
            self._index = index - 1
        missed = index - self._index - 1
        self._miss(missed, at_us, is_seen_at_end=True)
        self._index = index
        self._frame_us = max(at_us, self._frame_us)
        return at_us

    def _miss(self, count: int, to_us: int, *, is_seen_at_end: bool = False) -> None:
        """Count frames since the last one that were sampled and never taken."""
        span = (self._frame_us, to_us, self._length_us)
        for start_us, some in spread(count, *span, is_seen_at_end=is_seen_at_end):
            bucket = self._bucket(start_us)
            bucket.sampled += some
            bucket.busy += some

    def _bucket(self, at_us: int) -> _Bucket:
        """Return the open interval of an instant; the first open one for what came too late."""
        key = self._multiple(max(at_us, self._from_us))
        return self._buckets.setdefault(key, _Bucket())

    def _emit(self, until_us: int) -> list[IntervalEvent]:
        events: list[IntervalEvent] = []
        silent_until_us = self._from_us
        while (end_us := self._multiple(self._from_us) + self._length_us) <= until_us:
            if self._from_us >= silent_until_us and not self._is_analysed(self._from_us):
                silent_until_us = self._silence_end(until_us)
                if silent_until_us - self._from_us > MAX_SILENCE // _US:
                    self._skip(silent_until_us)
                    continue
            events.append(self._event(end_us))
        return events

    def _is_analysed(self, at_us: int) -> bool:
        bucket = self._buckets.get(self._multiple(at_us))
        return bucket is not None and bucket.analysed > 0

    def _silence_end(self, until_us: int) -> int:
        """Return where the next interval with an analysed frame begins, at most ``until_us``'s."""
        analysed = (key for key, bucket in self._buckets.items() if bucket.analysed > 0)
        return min(
            (key for key in analysed if key > self._from_us), default=self._multiple(until_us)
        )

    def _skip(self, to_us: int) -> None:
        """Leave a hole up to an instant; its counters go to the interval after it."""
        kept = self._buckets.setdefault(to_us, _Bucket())
        for key in [key for key in self._buckets if key < to_us]:
            lost = self._buckets.pop(key)
            kept.captured += lost.captured
            kept.decode += lost.decode
            kept.sampled += lost.sampled
            kept.stale += lost.stale
            kept.busy += lost.busy
        self._from_us = to_us

    def _event(self, end_us: int) -> IntervalEvent:
        bucket = self._buckets.pop(self._multiple(self._from_us), None) or _Bucket()
        event = IntervalEvent(
            camera=self._camera,
            run=self._run,
            seq=0,
            from_at=_from_us(self._from_us),
            to_at=_from_us(end_us),
            frames=bucket.counts(),
            tracks=bucket.ballot.votes(self._told),
            model=self._model,
        )
        self._from_us = end_us
        self._has_emitted = True
        return event

    def _multiple(self, at_us: int) -> int:
        return at_us // self._length_us * self._length_us


def _to_us(at: datetime) -> int:
    return (at - _EPOCH) // _US


def _from_us(us: int) -> datetime:
    return _EPOCH + us * _US
