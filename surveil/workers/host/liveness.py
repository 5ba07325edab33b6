"""Until when a worker may be silent. Pure, with the time as an argument.

The supervisor holds the last promise that a worker sent ("I shall speak again within n seconds");
silence beyond it is a hang. Until a worker's first *ready* it has at least the time of loading,
since an import may hold the interpreter for as long as it takes, and no thread can answer then; and
on a host that is busy with other work it has longer, as long as it gets on.
"""

from __future__ import annotations

from dataclasses import dataclass

SLACK_S = 2.0
"""Promises are sent again once they have grown by a second; the rest is for the line."""

WORK_S = 1.0
"""Processor time by which a process that loads has got on. The other threads of one whose import is
stuck take some 0.1 s a minute."""

STARTING = "starting"
"""What a worker does before it has said a word."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits for a worker's word.

    Attributes:
        ping_every_s: How often it is asked.
        answer_s: Silence that is borne whatever was promised.
        loading_s: Silence that is borne until the first *ready*, from the start on.
        idle_s: After that, a process that still gets processor time is waited for; one that had
            none for so long is not.
        loading_most_s: Until the first *ready*, whatever it does.
    """

    ping_every_s: float = 1.0
    answer_s: float = 5.0
    loading_s: float = 300.0
    idle_s: float = 60.0
    loading_most_s: float = 1800.0


class Liveness:
    """What one process has promised; a new one for each start."""

    def __init__(self, patience: Patience, now_mono_s: float) -> None:
        self._patience = patience
        self._loading_until_mono_s = now_mono_s + patience.loading_s
        self._loading_most_mono_s = now_mono_s + patience.loading_most_s
        self._worked_s = 0.0
        self._worked_mono_s = now_mono_s
        self._until_mono_s = now_mono_s
        self._heard_mono_s = now_mono_s
        self._is_broken = False
        self.was_ready = False
        self.doing = STARTING

    def hear(self, now_mono_s: float, promise_s: float, doing: str, *, is_ready: bool) -> None:
        """Take a promise: the next word comes within ``promise_s``, meanwhile ``doing`` goes on."""
        self._heard_mono_s = now_mono_s
        self._until_mono_s = now_mono_s + max(promise_s + SLACK_S, self._patience.answer_s)
        self.doing = doing
        self.was_ready = self.was_ready or is_ready

    def see_work(self, now_mono_s: float, processor_s: float) -> None:
        """Take the processor time that the process has had in all, in seconds."""
        if processor_s >= self._worked_s + WORK_S:
            self._worked_s = processor_s
            self._worked_mono_s = now_mono_s

    def break_promise(self, what: str) -> None:
        """The worker itself says that it cannot go on: ``what`` of it has ended."""
        self._is_broken = True
        self.doing = what

    def excuse(self, seconds: float) -> None:
        """Nobody listened for so long (a suspended host): that time is no silence."""
        self._until_mono_s += seconds
        self._loading_until_mono_s += seconds
        self._loading_most_mono_s += seconds
        self._worked_mono_s += seconds

    def silent_s(self, now_mono_s: float) -> float:
        """Return for how long nothing was heard."""
        return now_mono_s - self._heard_mono_s

    def is_overdue(self, now_mono_s: float) -> bool:
        """Return whether the last promise is broken."""
        return self._is_broken or now_mono_s > self._deadline_mono_s()

    def limit_s(self) -> float:
        """Return for how long it may be silent in all, counted from its last word."""
        return self._deadline_mono_s() - self._heard_mono_s

    def _deadline_mono_s(self) -> float:
        until = self._until_mono_s
        if not self.was_ready:
            until = max(until, self._loading_until_mono_s)
            working_until = self._worked_mono_s + self._patience.idle_s
            until = max(until, min(working_until, self._loading_most_mono_s))
        return until
