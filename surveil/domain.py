"""The values that travel between stages. Frozen, and free of any library but NumPy.

Instants are aware ``datetime`` in UTC and end in ``_at``; monotonic seconds end in ``_mono_s``;
durations end in ``_s`` or ``_ms``. Letters in shapes: B batch, C channels, H height, W width,
N faces, T time, K emotions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Emotion(StrEnum):
    """The seven classes of FER2013. The order of definition is the order of every score vector."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)

GRID = 2.0**-20
"""Scores, confidences and seconds are stored as multiples of this, about one millionth.

Binary floating point adds such numbers exactly up to ``2**33`` (2**53 * GRID), so a sum of them is
the same in every order: rollups do not depend on the order in which events arrive, and equal what a
user's own SQL computes from the raw rows.
"""


def quantise(value: float) -> float:
    """Return the multiple of ``GRID`` nearest to a value."""
    return round(value / GRID) * GRID


class CameraState(StrEnum):
    """Where a camera's capture stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    FROZEN = "frozen"
    OFFLINE = "offline"
    STOPPED = "stopped"


class Reason(StrEnum):
    """Why a camera is in its state. ``NONE`` where the state speaks for itself.

    ``STARTING`` comes with ``connecting`` and ``live``: nobody analyses the camera's pictures yet,
    since inference still loads. It holds until the camera's next event of either type: the first
    interval begins when inference is ready. ``CLOCK_SET`` ends a run whose host's clock was set.
    ``HOST_LOST`` comes with the first ``connecting`` of a camera whose last host let its lease end.
    """

    NONE = "none"
    STARTING = "starting"
    AUTH_FAILED = "auth-failed"
    AUTH_UNSUPPORTED = "auth-unsupported"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CODEC_UNSUPPORTED = "codec-unsupported"
    NO_VIDEO = "no-video"
    FRAME_TOO_LARGE = "frame-too-large"
    MEMORY_LIMIT = "memory-limit"
    STREAM_ENDED = "stream-ended"
    STREAM_BROKEN = "stream-broken"
    FROZEN_PICTURE = "frozen-picture"
    FORMAT_CHANGED = "format-changed"
    DECODER_HUNG = "decoder-hung"
    CLOCK_SET = "clock-set"
    WORKER_LOST = "worker-lost"
    HOST_LOST = "host-lost"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box ``x1 <= x2, y1 <= y2``, in pixels or in fractions of the frame.

    Which of the two is said where a box is handed over: detections and tracks use pixels of their
    frame, events and tables use fractions, 0 to 1.
    """

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        return (self.x1, self.y1, self.x2, self.y2)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded and sampled picture of a camera.

    Attributes:
        camera: Camera id of the configuration.
        run: ULID of this opening of the camera's stream.
        index: Count of sampled frames in the run, from 1.
        captured_at: UTC instant, fixed once in the capture process; monotonic within a run.
        captured_mono_s: The same instant on the host's monotonic clock.
        image: RGB, shape ``(H, W, 3)``, dtype uint8. Upright (rotation applied), square pixels.

    Some frames make their RGB when they are asked for it: for a look at parts of one,
    :meth:`showing` is cheaper than ``image``, and for its size or light neither is needed.
    """

    camera: str
    run: str
    index: int
    captured_at: datetime
    captured_mono_s: float
    image: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.image.shape[:2]
        return width, height

    @property
    def light(self) -> NDArray[np.uint8]:
        """What is cheapest to see changes in: RGB, or levels of grey, shape ``(H, W)``."""
        return self.image

    @property
    def light_gain(self) -> float:
        """By what levels of :attr:`light` are to be multiplied to have a range of 255."""
        return 1.0

    def showing(self, parts: Sequence[Box]) -> NDArray[np.uint8]:
        """Return RGB of the frame's size in which these parts, in pixels, are as in ``image``.

        What the rest is like is not said. Parts may reach beyond the frame.
        """
        return self.image


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face in one frame: box in pixels clipped to the frame, score 0..1.

    ``landmarks`` are left eye, right eye, nose, left and right mouth corner as the viewer sees
    them, shape ``(5, 2)`` float32 ``x, y`` in pixels, in the order of MTCNN.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """Frames of one interval by fate: ``sampled == analysed + dropped`` once all have arrived.

    ``captured`` counts decoded pictures before sampling. ``gated`` are those of the analysed frames
    that needed no network, since nothing had changed: a part of ``analysed``, never a drop. Drops
    by cause: ``stale`` was too old when its turn came, ``busy`` was overwritten in the ring before
    inference took it, ``decode`` could not be decoded (never sampled).

    Raises:
        ValueError: Not ``0 <= gated <= analysed``.
    """

    captured: int = 0
    sampled: int = 0
    analysed: int = 0
    stale: int = 0
    busy: int = 0
    decode: int = 0
    gated: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.gated <= self.analysed:
            raise ValueError(f"{self.gated} gated frames are no part of {self.analysed} analysed")


@dataclass(frozen=True, slots=True)
class TrackVote:
    """One track's vote in one interval.

    Attributes:
        track_id: Unique within the run, from 1.
        frames: Frames of the interval in which the face was classified, at least 1.
        box: The box nearest to the interval's middle in fractions of the frame, 0..1, clipped.
        score: Mean detector score, 0..1.
        face_px: Shorter side of the face box in pixels of the frame, mean over the interval.
        emotion: The emotion with the highest mean score (after hysteresis).
        confidence: The mean calibrated score of ``emotion``, 0..1.
        scores: Mean calibrated score per emotion in the order of ``EMOTIONS``; sums to 1.
    """

    track_id: int
    frames: int
    box: Box
    score: float
    face_px: int
    emotion: Emotion
    confidence: float
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a group showed in one interval, where nobody may be told of alone.

    Attributes:
        votes: Tracks by the emotion that they voted for, in the order of ``EMOTIONS``. All 0 where
            fewer people were there than may be told of, or nobody: which, is not told.
        scores: Mean over all votes by emotion, 0..1, to two places; all 0 without votes.
        confidence: Mean over all votes, 0..1, to two places; 0 without votes.
    """

    votes: tuple[int, ...]
    scores: tuple[float, ...]
    confidence: float

    @property
    def faces(self) -> int:
        """Votes of all emotions together."""
        return sum(self.votes)


HIDDEN = Crowd((0,) * len(EMOTIONS), (0.0,) * len(EMOTIONS), 0.0)
"""Too few to be told of, or nobody."""


@dataclass(frozen=True, slots=True)
class IntervalEvent:
    """What one camera saw in one interval, with or without faces.

    ``crowd`` stands in place of ``tracks`` where the camera's privacy mode is ``aggregate``.
    ``token`` is that of the lease under which its run was opened, 0 where hosts share no cameras.
    """

    camera: str
    run: str
    seq: int
    from_at: datetime
    to_at: datetime
    frames: FrameCounts
    tracks: tuple[TrackVote, ...]
    model: str
    token: int = 0
    crowd: Crowd | None = None

    @property
    def faces(self) -> int:
        """How many votes it tells of, those of a crowd included."""
        return len(self.tracks) if self.crowd is None else self.crowd.faces


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """A change of a camera's state. ``detail`` is for people and holds no credentials.

    ``token`` as of :class:`IntervalEvent`.
    """

    camera: str
    run: str
    seq: int
    at: datetime
    state: CameraState
    reason: Reason
    detail: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    token: int = 0


Event = IntervalEvent | CameraEvent
