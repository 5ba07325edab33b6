"""What the engine keeps of each camera: its window, and its runs' events in order."""

from __future__ import annotations

from collections import Counter, OrderedDict
from math import inf

from surveil.domain import Event
from surveil.rules.presence import Presence
from surveil.rules.sequence import Sequencer
from surveil.rules.windows import CameraWindow

MAX_RUNS = 64
"""Runs of one camera whose events are told apart; older ones are over."""


class CameraPast:
    """The past of one camera.

    Args:
        horizon_s: How far back its window reaches.
        lateness_s: How long the engine waits for events that come late.
        drops: Counts what was dropped, by cause; shared by all cameras.

    Attributes:
        window: Its last intervals.
        presence: What was last heard of it.
        lateness_s: As given; that of all cameras of an engine.
        inference_is_watched: Whether a rule tells when inference does not speak of it.
    """

    def __init__(self, horizon_s: float, lateness_s: float, drops: Counter[str]) -> None:
        self.window = CameraWindow(horizon_s)
        self.presence = Presence()
        self.inference_is_watched = False
        self.lateness_s = lateness_s
        self._drops = drops
        self._runs: OrderedDict[str, Sequencer] = OrderedDict()
        self._waiting_s: dict[str, float] = {}

    def clock_s(self, now_s: float) -> float:
        """Return the event time reached: that of its intervals, or ``now`` less the lateness.

        Args:
            now_s: The wall clock, ``-inf`` while it is not to be trusted.
        """
        newest_s = self.window.watermark_s
        return max(-inf if newest_s is None else newest_s, now_s - self.lateness_s)

    def is_behind(self, now_s: float) -> bool:
        """Return whether event time has gone on without an interval: that of a tick."""
        newest_s = self.window.watermark_s
        return newest_s is None or newest_s < now_s - self.lateness_s

    @property
    def is_waiting(self) -> bool:
        """Whether events wait for an earlier one."""
        return any(sequencer.is_waiting for sequencer in self._runs.values())

    def is_excused(self, clock_s: float) -> bool:
        """Return whether that no frame is analysed is known not to be the camera's fault."""
        return self.presence.is_absent(clock_s) or (
            self.inference_is_watched and self.presence.is_overdue(clock_s, self.lateness_s)
        )

    def move(self, by_s: float) -> None:
        """Follow a clock that was set."""
        self.window.move(by_s)
        self.presence.move(by_s)
        self._waiting_s = {run: since_s + by_s for run, since_s in self._waiting_s.items()}

    def push(self, event: Event, next_seq: int) -> list[Event]:
        """Take one event; return those whose turn has come.

        Args:
            event: Of this camera.
            next_seq: The ``seq`` to begin with if the event's run is a new one.
        """
        released: list[Event] = []
        if event.run not in self._runs:
            self._runs[event.run] = Sequencer(next_seq, self.lateness_s)
            if len(self._runs) > MAX_RUNS:
                released = self._give_up(*self._runs.popitem(last=False))
        sequencer = self._runs[event.run]
        self._runs.move_to_end(event.run)
        if sequencer.is_known(event.seq):
            self._drops["duplicate"] += 1
            return released
        skipped = sequencer.skipped
        released += sequencer.push(event)
        self._drops["hole"] += sequencer.skipped - skipped
        return released

    def holds(self, run: str, seq: int) -> bool:
        """Return whether an event waits for an earlier one."""
        return run in self._runs and self._runs[run].holds(seq)

    def overdue(self, now_s: float) -> list[Event]:
        """Return the events that waited for ``lateness_s`` of the wall clock."""
        released: list[Event] = []
        for run, sequencer in self._runs.items():
            if not sequencer.is_waiting:
                self._waiting_s.pop(run, None)
            elif now_s - self._waiting_s.setdefault(run, now_s) >= self.lateness_s:
                released += self._give_up(run, sequencer)
        return released

    def _give_up(self, run: str, sequencer: Sequencer) -> list[Event]:
        skipped = sequencer.skipped
        released = sequencer.give_up()
        self._waiting_s.pop(run, None)
        self._drops["hole"] += sequencer.skipped - skipped
        return released
