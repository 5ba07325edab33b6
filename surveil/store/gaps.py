"""Derive the gaps of one camera from its intervals and changes of state. Pure.

A gap is time that no interval with an analysed frame covers. It is a function of the stored rows
alone, whatever order they came in. Analysed intervals separate gaps from each other, so a gap can
be derived anew from the rows between the analysed interval before it and the one after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from surveil.domain import CameraState, Event, IntervalEvent, Reason
from surveil.store.rows import Lost

WORKER_LOST = Reason.WORKER_LOST.value
NO_FRAMES = "no-frames"
"""Reason of an interval in which a live camera gave no frame to analyse."""


@dataclass(frozen=True, slots=True)
class Span:
    """What an interval row says about coverage."""

    from_at: datetime
    to_at: datetime
    analysed: int
    stale: int
    busy: int
    decode: int

    @property
    def lost(self) -> int:
        return self.stale + self.busy + self.decode


@dataclass(frozen=True, slots=True)
class StateChange:
    """A camera event. Ordered by ``(at, run, seq)`` where several are handed over."""

    at: datetime
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    from_at: datetime
    to_at: datetime
    reason: str
    frames_lost: int


def goes_on(
    last_seen_at: datetime, last_analysed_at: datetime | None, events: Sequence[Event | Lost]
) -> bool:
    """Return whether new events only prolong what is analysed without a hole, as they mostly do.

    Then no gap begins, ends or changes its reason: everything known of the camera lay before them,
    up to the end of an analysed interval, where they begin.

    Args:
        last_seen_at: The last instant that was known of the camera.
        last_analysed_at: The end of its last analysed interval.
        events: What was stored after that; of this camera, in any order.
    """
    at = last_analysed_at
    if at is None or at != last_seen_at:
        return False
    intervals = [event for event in events if isinstance(event, IntervalEvent)]
    if len(intervals) < len(events):
        return False
    for event in sorted(intervals, key=lambda event: event.from_at):
        if event.from_at != at or event.frames.analysed == 0:
            return False
        at = event.to_at
    return True


def derive_gaps(
    spans: Sequence[Span], changes: Sequence[StateChange], start_at: datetime, end_at: datetime
) -> list[Gap]:
    """Return the gaps between two instants, each as long as its reason stays the same.

    Args:
        spans: The intervals that reach into the window, and, where there is one, the analysed one
            that ends at ``start_at``; in any order.
        changes: The camera's events from the start of the earliest span on, in order.
        start_at: End of an analysed interval, or the first instant known of the camera.
        end_at: Start of an analysed interval, or the last instant known of the camera.
    """
    covered = sorted((span for span in spans if span.analysed), key=lambda s: (s.from_at, s.to_at))
    blind = sorted(
        (span for span in spans if not span.analysed),
        key=lambda s: (s.from_at, s.to_at, s.stale, s.busy, s.decode),
    )
    gaps: list[Gap] = []
    for from_at, to_at, seen_at in _uncovered(covered, start_at, end_at):
        near = [c for c in changes if (seen_at is None or c.at >= seen_at) and c.at <= to_at]
        gaps += _merge(_segments(from_at, to_at, blind, near))
    return gaps


def _uncovered(
    covered: Sequence[Span], start_at: datetime, end_at: datetime
) -> Iterable[tuple[datetime, datetime, datetime | None]]:
    """Yield each time that no span covers, and the start of the span before it."""
    at, seen_at = start_at, None
    for span in covered:
        if span.from_at > at and at < end_at:
            yield at, min(span.from_at, end_at), seen_at
        if span.to_at >= at:
            at, seen_at = span.to_at, span.from_at
    if at < end_at:
        yield at, end_at, seen_at


def _segments(
    from_at: datetime, to_at: datetime, blind: Sequence[Span], changes: Sequence[StateChange]
) -> Iterable[Gap]:
    at = from_at
    for span in blind:
        if span.to_at <= at or span.from_at >= to_at:
            continue
        if span.from_at > at:
            before = [change for change in changes if change.at < span.from_at]
            yield from _silent(at, span.from_at, before)
            at = span.from_at
        until_at = min(span.to_at, to_at)
        lost = span.lost if span.from_at >= from_at else 0  # counted in the gap it begins in
        within = [change for change in changes if change.at < until_at]
        yield Gap(at, until_at, _explain_blind(at, span, within), lost)
        at = until_at
    if at < to_at:
        # With a change at the very end: where nothing follows, it is what ended the time known.
        yield from _silent(at, to_at, changes)


def _silent(from_at: datetime, to_at: datetime, changes: Sequence[StateChange]) -> Iterable[Gap]:
    """Yield the parts of a time without intervals.

    One that was stopped, or killed, and started again after an hour did not take that hour to
    start. Where its host was lost, that explains the whole of it.
    """
    if not any(change.reason == Reason.HOST_LOST for change in changes):
        for place, change in enumerate(changes):
            if change.reason == Reason.STARTING and from_at < change.at < to_at:
                yield from _troubled(from_at, change.at, changes[:place])
                from_at = change.at
    yield from _troubled(from_at, to_at, changes)


def _troubled(from_at: datetime, to_at: datetime, changes: Sequence[StateChange]) -> Iterable[Gap]:
    """Yield the parts of a time without intervals; a trouble lasts until the next one begins.

    A camera that was unplugged for an hour and then stopped was not stopped for an hour.
    """
    known, parts = list(changes), []
    while from_at < to_at:
        place = next((i for i in reversed(range(len(known))) if _is_trouble(known[i])), None)
        if place is None or known[place].at <= from_at or not _is_in_trouble(known, place):
            parts.append(Gap(from_at, to_at, _explain(from_at, known) or WORKER_LOST, 0))
            break
        begins_at = min(known[place].at, to_at)
        if begins_at < to_at:
            parts.append(Gap(begins_at, to_at, _explain(begins_at, known) or WORKER_LOST, 0))
        to_at = begins_at
        del known[place:]
    return reversed(parts)


def _is_trouble(change: StateChange) -> bool:
    explains = change.reason not in (Reason.HOST_LOST, Reason.STARTING)
    return explains and change.state not in (CameraState.LIVE, CameraState.CONNECTING)


def _is_in_trouble(changes: Sequence[StateChange], end: int) -> bool:
    """Return whether the last state before ``end`` was a trouble; connecting does not end one."""
    for place in reversed(range(end)):
        change = changes[place]
        if _is_trouble(change):
            return True
        if change.state != CameraState.CONNECTING:
            return False
    return False


def _explain_blind(at: datetime, span: Span, changes: Sequence[StateChange]) -> str:
    if span.lost:
        return max(("stale", "busy", "decode"), key=lambda cause: int(getattr(span, cause)))
    return _explain(at, changes) or NO_FRAMES


def _explain(from_at: datetime, changes: Sequence[StateChange]) -> str | None:
    """Return why nothing was analysed from an instant on, by the last trouble among changes.

    ``live`` and ``connecting`` explain nothing, unless the camera was connecting all along, or
    inference was starting. One that was last said to be live when the gap began gives None: its
    worker is what failed. Where its host was lost, that explains more than that another starts.
    """
    connecting = False
    for place in reversed(range(len(changes))):
        change = changes[place]
        if change.reason == Reason.HOST_LOST:
            earlier = _explain(from_at, changes[:place])
            # Its workers may have ended in order; it never gave the camera back.
            return change.reason if earlier in (None, Reason.SHUTDOWN) else earlier
        if change.reason == Reason.STARTING:
            if any(one.reason == Reason.HOST_LOST for one in changes):
                continue
            return change.reason
        if change.state == CameraState.LIVE:
            if change.at <= from_at:
                return None
        elif change.state == CameraState.CONNECTING:
            connecting = change.at <= from_at
        else:
            return name_reason(change.state, change.reason)
    return CameraState.CONNECTING.value if connecting else None


def name_reason(state: str, reason: str) -> str:
    """Return the word for a camera's trouble: the reason code, or the state where it says more."""
    if state in (CameraState.STALLED, CameraState.FROZEN) or reason == Reason.NONE:
        return state
    return reason


def _merge(segments: Iterable[Gap]) -> list[Gap]:
    merged: list[Gap] = []
    for gap in segments:
        last = merged[-1] if merged else None
        if last and last.reason == gap.reason and last.to_at == gap.from_at:
            lost = last.frames_lost + gap.frames_lost
            merged[-1] = Gap(last.from_at, gap.to_at, gap.reason, lost)
        else:
            merged.append(gap)
    return merged
