"""Events made up for tests of the store: a camera's life in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)

START_AT = datetime(2026, 3, 1, 9, 59, 50, tzinfo=UTC)
"""Ten seconds before a whole minute and hour, so that short lives cross both."""


def after(seconds: float) -> datetime:
    return START_AT + timedelta(seconds=seconds)


def make_vote(
    track_id: int, emotion: Emotion = Emotion.HAPPY, confidence: float = 0.7
) -> TrackVote:
    rest = (1 - confidence) / 6
    scores = tuple(confidence if e is emotion else rest for e in EMOTIONS)
    return TrackVote(
        track_id=track_id,
        frames=5,
        box=Box(0.1, 0.2, 0.3, 0.5),
        score=0.998,
        face_px=84,
        emotion=emotion,
        confidence=confidence,
        scores=scores,
    )


class CameraLife:
    """Writes one camera's events with the right sequence numbers.

    Instants are given in seconds after ``start_at``.
    """

    def __init__(
        self, camera: str = "lobby", run: str = "01A", start_at: datetime = START_AT
    ) -> None:
        self.camera = camera
        self.start_at = start_at
        self.run = run
        self.events: list[Event] = []
        self._seq = 0

    def open(self, run: str) -> CameraLife:
        """Begin a new run."""
        self.run, self._seq = run, 0
        return self

    def says(self, at_s: float, state: CameraState, reason: Reason = Reason.NONE) -> CameraLife:
        """Change the camera's state."""
        self._seq += 1
        self.events.append(
            CameraEvent(self.camera, self.run, self._seq, self._after(at_s), state, reason, "", {})
        )
        return self

    def sees(
        self,
        from_s: float,
        to_s: float,
        *votes: TrackVote,
        analysed: int = 5,
        gated: int = 0,
        stale: int = 0,
        busy: int = 0,
    ) -> CameraLife:
        """Add an interval."""
        self._seq += 1
        frames = FrameCounts(
            captured=25,
            sampled=analysed + stale + busy,
            analysed=analysed,
            gated=gated,
            stale=stale,
            busy=busy,
        )
        self.events.append(
            IntervalEvent(
                camera=self.camera,
                run=self.run,
                seq=self._seq,
                from_at=self._after(from_s),
                to_at=self._after(to_s),
                frames=frames,
                tracks=votes,
                model="emotion-resnet18@9f31c2",
            )
        )
        return self

    @property
    def intervals(self) -> list[IntervalEvent]:
        return [event for event in self.events if isinstance(event, IntervalEvent)]

    def _after(self, seconds: float) -> datetime:
        return self.start_at + timedelta(seconds=seconds)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)
