"""The states of one camera. Pure: it is told what happened and when, and says what to announce.

    connecting -> live -> stalled | frozen -> live
         |          |          |
         +----------+----------+-> offline -> live (in a new run, if the old one had been live)
    any -> stopped

While a lost camera is retried it stays ``offline``, with the latest reason: a retry is no news.
"""

from __future__ import annotations

from dataclasses import dataclass

from surveil.domain import CameraState, Reason
from surveil.sources.failure import Failure

_CERTAIN = (Reason.CODEC_UNSUPPORTED, Reason.FRAME_TOO_LARGE)
"""Reasons that an interrupted read cannot have brought about."""


@dataclass(frozen=True, slots=True)
class Change:
    """A state to announce. With ``opens_run`` it is the first of a new run."""

    state: CameraState
    reason: Reason = Reason.NONE
    detail: str = ""
    opens_run: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds until the camera plays, from there to the first picture, and between two pictures."""

    connect_s: float
    first_frame_s: float
    stall_s: float


class CameraMachine:
    """State, run and deadline of one camera; ``now_s`` is monotonic and never runs backwards."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadline_s: float | None = None
        self._overdue: Failure | None = None
        self._waits_for = Failure(Reason.NONE)
        self._is_connected = False
        self._was_live = False
        self._live_since_s: float | None = None
        self.state: CameraState | None = None
        self.reason = Reason.NONE

    def start(self) -> Change:
        """The process has come up."""
        return self._enter(Change(CameraState.CONNECTING))

    def connect(self, now_s: float) -> None:
        """An attempt begins."""
        limit_s = self._limits.connect_s
        self._is_connected = False
        self._expect(now_s, limit_s, f"no answer within {limit_s:g} s")

    def connected(self, now_s: float) -> None:
        """The camera plays; the first picture is to come. Of an attempt, the first call counts."""
        if self._is_connected:
            return
        self._is_connected = True
        limit_s = self._limits.first_frame_s
        self._expect(now_s, limit_s, f"connected, but no picture within {limit_s:g} s")

    def picture(self, now_s: float, *, is_frozen: bool = False) -> Change | None:
        """A picture was decoded."""
        limit_s = self._limits.stall_s
        self._is_connected = True
        self._expect(now_s, limit_s, f"no picture for {limit_s:g} s")
        opens_run = self.state is CameraState.OFFLINE and self._was_live
        if self.state not in (CameraState.LIVE, CameraState.FROZEN, CameraState.STALLED):
            self._live_since_s = now_s
        self._was_live = True
        if is_frozen:
            return self._enter_if_new(Change(CameraState.FROZEN, Reason.FROZEN_PICTURE))
        return self._enter_if_new(Change(CameraState.LIVE, opens_run=opens_run))

    def tick(self, now_s: float) -> tuple[Change | None, bool]:
        """Time has passed. Return what to announce, and whether what is under way is overdue."""
        if self._deadline_s is None or now_s < self._deadline_s:
            return None, False
        self._overdue = self._waits_for
        if self.state in (CameraState.LIVE, CameraState.FROZEN):
            return self._enter(
                Change(CameraState.STALLED, Reason.TIMEOUT, self._waits_for.detail)
            ), True
        return None, True

    def reformat(self, detail: str) -> tuple[Change, Change]:
        """The pictures' format has changed: one run is over, the next one begins at once."""
        end = self._enter(Change(CameraState.OFFLINE, Reason.FORMAT_CHANGED, detail))
        return end, self._enter(Change(CameraState.LIVE, opens_run=True))

    def restart_run(self, detail: str) -> tuple[Change, ...]:
        """The host's clock was set: the run is over, and the camera is as it was in a new one."""
        state, reason = self.state, self.reason
        if state is None or state is CameraState.STOPPED:
            return ()
        ends: tuple[Change, ...] = ()
        if state is not CameraState.OFFLINE:
            ends = (self._enter(Change(CameraState.OFFLINE, Reason.CLOCK_SET, detail)),)
        return (*ends, self._enter(Change(state, reason, opens_run=True)))

    def condemn(self, failure: Failure) -> None:
        """What is under way is about to be interrupted, for another reason than its deadline."""
        self._overdue = failure

    def lost(self, failure: Failure) -> tuple[Change | None, Reason]:
        """The attempt or the stream is over; what was overdue explains a break best.

        Returns:
            What to announce, and the reason that counts.
        """
        if failure.reason not in _CERTAIN:
            failure = self._overdue or failure
        self._deadline_s = self._overdue = None
        change = Change(CameraState.OFFLINE, failure.reason, failure.detail)
        return self._enter_if_new(change), failure.reason

    def live_s(self, now_s: float) -> float:
        """Return for how long the last stream has lasted, and forget it; 0 if it never came up."""
        since_s, self._live_since_s = self._live_since_s, None
        return 0.0 if since_s is None else now_s - since_s

    def stop(self, reason: Reason, detail: str = "") -> Change | None:
        """Nothing more will come: shutdown, or the end of a file; the first reason stays."""
        self._deadline_s = None
        if self.state is CameraState.STOPPED:
            return None
        return self._enter(Change(CameraState.STOPPED, reason, detail))

    def _expect(self, now_s: float, limit_s: float, otherwise: str) -> None:
        self._deadline_s = now_s + limit_s
        self._overdue = None
        self._waits_for = Failure(Reason.TIMEOUT, otherwise)

    def _enter(self, change: Change) -> Change:
        self.state, self.reason = change.state, change.reason
        return change

    def _enter_if_new(self, change: Change) -> Change | None:
        if (change.state, change.reason) == (self.state, self.reason):
            return None
        return self._enter(change)
