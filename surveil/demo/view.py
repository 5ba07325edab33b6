"""What is known of a running fleet at this moment, from its events. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from surveil.domain import CameraEvent, CameraState, Event, IntervalEvent, Reason, TrackVote

RATE_INTERVALS = 3
"""Intervals over which frame rates are averaged."""


@dataclass(slots=True)
class CameraView:
    """One camera as its last events left it.

    Attributes:
        faces: Those of the last interval, largest first; empty unless the camera is live.
        dropped: Frames dropped so far, over all causes; see :meth:`FleetView.begin`.
        intervals: Interval events so far.
    """

    camera: str
    state: CameraState = CameraState.CONNECTING
    reason: Reason = Reason.NONE
    faces: tuple[TrackVote, ...] = ()
    dropped: int = 0
    intervals: int = 0
    recent: deque[IntervalEvent] = field(default_factory=lambda: deque(maxlen=RATE_INTERVALS))

    @property
    def captured_fps(self) -> float:
        """Decoded pictures per second over the last intervals."""
        return self._rate([one.frames.captured for one in self.recent])

    @property
    def analysed_fps(self) -> float:
        """Analysed frames per second over the last intervals."""
        return self._rate([one.frames.analysed for one in self.recent])

    def _rate(self, frames: Iterable[int]) -> float:
        seconds = sum((one.to_at - one.from_at).total_seconds() for one in self.recent)
        return sum(frames) / seconds if seconds > 0 else 0.0


class FleetView:
    """All cameras of a fleet, brought up to date by each event."""

    def __init__(self, cameras: Iterable[str]) -> None:
        self.cameras = {camera: CameraView(camera) for camera in cameras}

    def observe(self, event: Event) -> None:
        """Take in one event; those of unknown cameras are ignored."""
        view = self.cameras.get(event.camera)
        if view is None:
            return
        if isinstance(event, CameraEvent):
            view.state, view.reason = event.state, event.reason
            if event.state is not CameraState.LIVE:
                view.faces = ()
                view.recent.clear()
            return
        if event.frames.analysed and view.reason is Reason.STARTING:
            view.reason = Reason.NONE  # it was live while the model was loaded; now it is analysed
        view.intervals += 1
        view.recent.append(event)
        view.dropped += event.frames.stale + event.frames.busy + event.frames.decode
        view.faces = tuple(sorted(event.tracks, key=lambda vote: vote.face_px, reverse=True))

    def begin(self) -> None:
        """Forget the drops so far, such as those while the model was loaded."""
        for view in self.cameras.values():
            view.dropped = 0

    @property
    def has_begun(self) -> bool:
        """Whether every camera has been analysed."""
        return all(view.intervals > 0 for view in self.cameras.values())
