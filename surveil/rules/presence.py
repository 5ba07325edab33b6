"""What was last heard of a camera: by this, its own silence is told from that of inference."""

from __future__ import annotations

from enum import Enum
from math import inf

from surveil.domain import CameraState, Event, IntervalEvent, Reason

START_GRACE_S = 300.0
"""For how long a camera may be starting, or stopped in order, before its silence counts."""


class Word(Enum):
    """What an event says of its camera.

    ``WATCHED``: intervals come, whether or not anything is seen. ``BLIND``: there is no picture,
    and the reason is with the camera. ``ABSENT``: nobody analyses it, since inference loads or was
    stopped. ``ENDED``: nobody analyses it, since a file has been read to its end.
    """

    WATCHED = "watched"
    BLIND = "blind"
    ABSENT = "absent"
    ENDED = "ended"

    @property
    def is_unwatched(self) -> bool:
        """Whether nobody analyses the camera, in order."""
        return self in (Word.ABSENT, Word.ENDED)


def word_of(event: Event) -> Word:
    """Return what an event says of its camera."""
    if isinstance(event, IntervalEvent):
        return Word.WATCHED
    if event.state is CameraState.STOPPED and event.reason is Reason.STREAM_ENDED:
        return Word.ENDED
    if event.reason is Reason.STARTING or event.state is CameraState.STOPPED:
        return Word.ABSENT
    blind = event.state in (CameraState.CONNECTING, CameraState.OFFLINE)
    return Word.BLIND if blind else Word.WATCHED


class Presence:
    """The last words on one camera.

    Attributes:
        word: The newest; None before the first.
        spoken_s: When inference last spoke of the camera, other than of its own absence; while
            there is no picture it has nothing to say, so its absence begins with the word of it.
        ready_s: When it last began to, after an absence.
    """

    def __init__(self) -> None:
        self.word: Word | None = None
        self.spoken_s: float | None = None
        self.ready_s = -inf
        self._heard_s = -inf
        self._absent_s = inf

    def hear(self, event: Event, at_s: float) -> bool:
        """Take in an event; one that is older than the last changes nothing.

        Args:
            event: Of this camera, in the order of its run.
            at_s: The instant up to which it tells something.

        Returns:
            Whether inference speaks of the camera.
        """
        if at_s < self._heard_s:
            return False
        was_absent = self.word is not None and self.word.is_unwatched
        was_blind = self.word is Word.BLIND
        self._heard_s, self.word = at_s, word_of(event)
        if self.word.is_unwatched:
            self._absent_s = self._absent_s if was_absent else at_s
            if was_blind:
                self.spoken_s = at_s
            return False
        self.spoken_s = at_s
        if was_absent:
            self.ready_s = at_s
        return True

    def is_absent(self, clock_s: float) -> bool:
        """Return whether nobody analyses the camera, and not for too long yet."""
        is_unwatched = self.word is not None and self.word.is_unwatched
        return is_unwatched and clock_s - self._absent_s < START_GRACE_S

    def is_overdue(self, clock_s: float, patience_s: float) -> bool:
        """Return whether intervals should come, and none did for longer than ``patience_s``."""
        return self.word is Word.WATCHED and clock_s - self._heard_s > patience_s

    def move(self, by_s: float) -> None:
        """Follow a clock that was set."""
        self.spoken_s = None if self.spoken_s is None else self.spoken_s + by_s
        self.ready_s += by_s
        self._heard_s += by_s
        self._absent_s += by_s
