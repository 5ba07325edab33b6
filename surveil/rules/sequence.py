"""Puts the events of one run back into their order, by the ``seq`` that counts without a hole."""

from __future__ import annotations

from datetime import datetime

from surveil.domain import Event, IntervalEvent

MAX_HELD = 256
"""Most events that wait for an earlier one; beyond, the hole is given up."""


def event_at(event: Event) -> datetime:
    """Return the instant up to which an event tells something."""
    return event.to_at if isinstance(event, IntervalEvent) else event.at


class Sequencer:
    """Releases each event of a run once, in order of ``seq``.

    In order means at once: nothing waits unless a ``seq`` is missing. A hole is waited for until
    the events behind it span ``lateness_s``, or :meth:`give_up` is called, or ``MAX_HELD`` wait.

    Args:
        next_seq: The first ``seq`` expected.
        lateness_s: How long an event may come late, in seconds of event time.
    """

    def __init__(self, next_seq: int, lateness_s: float) -> None:
        self.next_seq = next_seq
        self.skipped = 0
        self._lateness_s = lateness_s
        self._held: dict[int, Event] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether events wait for an earlier one."""
        return bool(self._held)

    def holds(self, seq: int) -> bool:
        """Return whether the event with ``seq`` waits."""
        return seq in self._held

    def is_known(self, seq: int) -> bool:
        """Return whether the event was released before, or waits already."""
        return seq < self.next_seq or seq in self._held

    def push(self, event: Event) -> list[Event]:
        """Take one event in; return those whose turn has come, in order.

        An event that :meth:`is_known` gives nothing.
        """
        if self.is_known(event.seq):
            return []
        self._held[event.seq] = event
        ready = self._ready()
        while self._held and (self._span_s() >= self._lateness_s or len(self._held) > MAX_HELD):
            ready += self._skip_hole()
        return ready

    def give_up(self) -> list[Event]:
        """Wait no longer; return all that waited, in order. Holes are added to ``skipped``."""
        ready: list[Event] = []
        while self._held:
            ready += self._skip_hole()
        return ready

    def _span_s(self) -> float:
        instants = [event_at(event) for event in self._held.values()]
        return (max(instants) - min(instants)).total_seconds()

    def _skip_hole(self) -> list[Event]:
        first = min(self._held)
        self.skipped += first - self.next_seq
        self.next_seq = first
        return self._ready()

    def _ready(self) -> list[Event]:
        ready = []
        while (event := self._held.pop(self.next_seq, None)) is not None:
            ready.append(event)
            self.next_seq += 1
        return ready
