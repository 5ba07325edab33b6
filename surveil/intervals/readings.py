"""What the pipeline finds."""

from __future__ import annotations

from dataclasses import dataclass

from surveil.domain import Detection, Emotion, Frame


@dataclass(frozen=True, slots=True)
class FaceReading:
    """One face in one frame.

    Attributes:
        track_id: Unique within the run.
        detection: Box in pixels of the frame.
        scores: Calibrated scores, smoothed over the track's time; order of ``EMOTIONS``.
        emotion: What the track shows now, after hysteresis.
    """

    track_id: int
    detection: Detection
    scores: tuple[float, ...]
    emotion: Emotion


@dataclass(frozen=True, slots=True)
class FrameReading:
    """What was found in a frame.

    Attributes:
        frame: The frame.
        faces: None when the frame could not be analysed.
        is_gated: The faces are known without a network: nothing had changed.
    """

    frame: Frame
    faces: tuple[FaceReading, ...] | None
    is_gated: bool = False
