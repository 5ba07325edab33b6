"""One camera's frames and states to drafts of events, in the order in which they happened.

The states come from the ring's log, the counters from its tally; both outlive the processes that
write and read them, so a replaced worker finds where it stood (with the spool's mark of each run).
Pure but for those: the time, on both clocks, comes with each call.

Whether a run is open is known in one place, its builder; a run that is over is never opened by a
frame again. A run is opened by its first ``live`` or its first frame, whichever comes first, and
ended by ``offline`` or ``stopped`` thereafter, or by another run of its camera. ``connecting`` does
neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from surveil.domain import CameraEvent, CameraState, Frame, IntervalEvent, Reason
from surveil.events.fields import storable
from surveil.events.spool import Draft, RunMark
from surveil.intervals.builder import IntervalBuilder
from surveil.intervals.readings import FrameReading
from surveil.policy import Policy, apply
from surveil.sources.statelog import StateRecord
from surveil.sources.tally import RunTally

_WATCHING = (CameraState.LIVE, CameraState.STALLED, CameraState.FROZEN)
_ENDING = (CameraState.OFFLINE, CameraState.STOPPED)


class Now(NamedTuple):
    """The present: ``at`` on the wall clock, in UTC, and ``mono_s`` on the monotonic one."""

    at: datetime
    mono_s: float


def draft_state(
    camera: str, record: StateRecord, policy: Policy, *, is_starting: bool = False
) -> Draft:
    """Return the draft of the event that tells a change of state.

    Args:
        camera: Camera id.
        record: The change.
        policy: What may be told.
        is_starting: Nobody analyses the camera's pictures yet, since inference still loads.
    """
    reason = record.reason
    if is_starting and reason is Reason.NONE and record.state not in _ENDING:
        reason = Reason.STARTING
    change = CameraEvent(
        camera=camera,
        run=record.run,
        seq=0,
        at=record.at,
        state=record.state,
        reason=reason,
        detail=storable(record.detail),
    )
    return Draft(apply(change, policy), state_index=record.index)


class RunKeeper(Protocol):
    """Keeps tracks per run; see :class:`surveil.workers.inferring.pipeline.Pipeline`."""

    def open_run(self, camera: str, run: str, first_track_id: int = 1) -> None: ...
    def end_run(self, camera: str, run: str) -> None: ...


class Timeline:
    """The timeline of one camera, over all its runs.

    Args:
        camera: Camera id.
        interval_s: Length of intervals.
        grace_s: How long an interval waits for its last frames.
        hysteresis: Lead in score by which an emotion replaces a track's last one, 0..1.
        policy: What may be told; nothing else ever reaches a draft.
        model: Name of the classifier.
        mark: Tells where a run stands in the spool.
        tally: Tells the ring's counters of a run.
        keeper: Is told which runs begin and end.
    """

    def __init__(
        self,
        camera: str,
        *,
        interval_s: float,
        grace_s: float,
        hysteresis: float,
        policy: Policy,
        model: str,
        mark: Callable[[str], RunMark],
        tally: Callable[[str], RunTally | None],
        keeper: RunKeeper,
    ) -> None:
        self._camera = camera
        self._interval_s = interval_s
        self._grace_s = grace_s
        self._hysteresis = hysteresis
        self._policy = policy
        self._model = model
        self._mark = mark
        self._tally = tally
        self._keeper = keeper
        self._builders: dict[str, IntervalBuilder] = {}
        self._ended_run = ""
        self._anchor: tuple[datetime, float] | None = None
        self.last_index = 0
        self._lost_records = 0

    @property
    def is_live(self) -> bool:
        """Whether intervals are being built."""
        return bool(self._builders)

    def take_lost(self) -> int:
        """Return how many state records were overwritten unread since the last call."""
        lost, self._lost_records = self._lost_records, 0
        return lost

    def resume(self, records: Sequence[StateRecord], now: Now) -> list[Draft]:
        """Begin, or go on where an earlier worker was ended; called once, with all records known.

        A run that is under way goes on, or has its first interval, from now: what nobody analysed
        meanwhile is a hole. The frames of before a first interval count as busy in it.
        """
        told: list[StateRecord] = []
        new: list[StateRecord] = []
        for record in records:
            is_told = record.index <= self._mark(record.run).last_state_index
            (told if is_told else new).append(record)
        if told:
            last = told[-1]
            self.last_index = last.index
            if last.state in _WATCHING:
                self._open(last.run, self._present(now))
            elif last.state in _ENDING and any(
                record.run == last.run and record.state in _WATCHING for record in told
            ):
                self._ended_run = last.run
        elif new:
            self.last_index = new[0].index - 1
        return self.apply(new)

    def count_before(self, records: Sequence[StateRecord], frame: Frame) -> int:
        """Return how many of the newest records come before a frame: all up to its run's end.

        The records must have been read after the frame: then those of before it are among them.
        """
        is_open = frame.run in self._builders
        for place, record in enumerate(records):
            if record.run == frame.run:
                if is_open and record.state in _ENDING:
                    return place
                is_open = is_open or record.state in _WATCHING
        return len(records)

    def apply(self, records: Sequence[StateRecord]) -> list[Draft]:
        """Take in changes of state, oldest first.

        Frames of a run must have been added before the state that ends it.
        """
        drafts: list[Draft] = []
        for record in records:
            self._lost_records += record.index - self.last_index - 1
            self.last_index = record.index
            if record.state in _WATCHING:
                for run in [run for run in self._builders if run != record.run]:
                    drafts += self._end(run, record.at)
                if record.run not in self._builders:
                    self._open(record.run, record.at)
            elif record.state in _ENDING and record.run in self._builders:
                drafts += self._end(record.run, record.at)
            drafts.append(draft_state(self._camera, record, self._policy))
        return drafts

    def admit(self, frame: Frame) -> bool:
        """Open the frame's run if it is new; False if that run is over, and the frame with it.

        Called for each frame before it is analysed.
        """
        if frame.run == self._ended_run:
            return False
        if frame.run not in self._builders:
            self._open(frame.run, frame.captured_at)
        self._anchor = (frame.captured_at, frame.captured_mono_s)
        return True

    def add(self, reading: FrameReading) -> None:
        """Count an admitted frame, with what was found in it or as one that failed (busy)."""
        frame = reading.frame
        if reading.faces is None:
            self.drop(frame, is_stale=False)
            return
        self._builders[frame.run].add(
            frame.index,
            frame.captured_at,
            frame.size,
            reading.faces,
            is_gated=reading.is_gated,
        )

    def drop(self, frame: Frame, *, is_stale: bool) -> None:
        """Count an admitted frame that was not analysed: too old, or not manageable."""
        self._builders[frame.run].drop(frame.index, frame.captured_at, is_stale=is_stale)

    def tick(self, now: Now) -> list[Draft]:
        """Return the intervals that are over."""
        at = self._present(now)
        events: list[IntervalEvent] = []
        for run, builder in self._builders.items():
            tally = self._tally(run)
            if tally is not None:
                builder.count(at, tally.captured, tally.decode)
            events += builder.close(at)
        return [self._draft(event) for event in events]

    def stop(self, now: Now) -> list[Draft]:
        """Return what is left of all runs: this worker ends."""
        at = self._present(now)
        return [draft for run in list(self._builders) for draft in self._end(run, at)]

    def _open(self, run: str, start_at: datetime) -> None:
        mark = self._mark(run)
        if mark.last_to_at is not None:
            start_at = max(start_at, mark.last_to_at)
        if self._ended_run == run:
            self._ended_run = ""  # the capture process says so: it knows
        self._anchor = None  # each run has a clock of its own
        self._keeper.open_run(self._camera, run, mark.last_track_id + 1)
        self._builders[run] = IntervalBuilder(
            self._camera,
            run,
            interval_s=self._interval_s,
            model=self._model,
            start_at=start_at,
            grace_s=self._grace_s,
            hysteresis=self._hysteresis,
            is_continued=mark.last_to_at is not None,
        )

    def _end(self, run: str, at: datetime) -> list[Draft]:
        builder = self._builders.pop(run)
        tally = self._tally(run)
        if tally is not None:
            builder.count(at, tally.captured, tally.decode)
        self._keeper.end_run(self._camera, run)
        self._ended_run = run
        return [self._draft(event) for event in builder.end(at, tally.sampled if tally else 0)]

    def _draft(self, built: IntervalEvent) -> Draft:
        event = apply(built, self._policy)
        tracks = event.tracks if isinstance(event, IntervalEvent) else ()
        return Draft(event, last_track_id=max((vote.track_id for vote in tracks), default=0))

    def _present(self, now: Now) -> datetime:
        """Return the present on the clock of the newest run, which setting the host's leaves be.

        Until a run has a frame, its clock is the host's: it was started by it just before.
        """
        if self._anchor is None:
            return now.at
        at, mono_s = self._anchor
        return at + timedelta(seconds=now.mono_s - mono_s)
