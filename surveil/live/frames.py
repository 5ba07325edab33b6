"""The newest pictures of cameras, for whoever watches on the same host, as far as they may.

Frames come from the ring that capture fills, boxes from the ring of readings that inference fills.
Nothing is copied, converted or kept while nobody watches; nothing is ever written anywhere.

``blurred``: a frame is shown only once a reading of a later frame of its run is there, so that a
face is hidden from the frame on in which it was first seen, which is told with its second sighting
alone. What is not read in time is blurred entirely. What the detector does not find at all is not
blurred: docs/privacy.md says so.

Used by many threads at once; a camera's buffers are shared by all who watch it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from surveil.config import Camera
from surveil.domain import Frame
from surveil.errors import SurveilError
from surveil.live.pictures import Picture, PictureMaker, Shown
from surveil.live.readings_ring import READINGS, LiveReading, ReadingsRing
from surveil.policy import LiveView
from surveil.sources.ring import FrameRing

MOST_FPS = 10.5
"""Pictures a second of a camera, however many it samples."""

PATIENCE_S = 1.0
"""A frame that nobody has read for so long is blurred entirely."""

AROUND_S = 0.7
"""Readings of so long before and after a frame hide faces on it."""

STALE_S = 5.0
"""An older frame is no live picture: its camera is away."""

MOST_WATCHING = 32
"""Who may watch at once, over all cameras."""

MOST_BYTES = 32 << 20
"""Frames of a camera that wait to be read; two at least."""


class LiveViewError(SurveilError):
    """There is nothing to be seen; the message says why."""


class LiveViewOffError(LiveViewError):
    """The configuration does not allow to watch the camera."""


class LiveViewAwayError(LiveViewError):
    """The camera's pictures are on another host, or too many watch already."""


class LiveCamera:
    """One camera that may be watched.

    Args:
        camera: Its id.
        view: What may be seen; not ``OFF``.
        frames: The ring that its capture fills.
        readings: The ring that its inference fills.
        clock: The monotonic clock, seconds.
    """

    def __init__(
        self,
        camera: str,
        view: LiveView,
        frames: FrameRing,
        readings: ReadingsRing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.camera, self.view = camera, view
        self._frames, self._ring, self._clock = frames, readings, clock
        self._lock = threading.Lock()
        self._watching = 0
        self._forget()

    def enter(self) -> None:
        """Count one more who watches."""
        with self._lock:
            self._watching += 1

    def leave(self) -> None:
        """Count one less; with the last one all pictures are forgotten."""
        with self._lock:
            self._watching -= 1
            if self._watching == 0:
                self._forget()

    def _forget(self) -> None:
        self._seen: Frame | None = None
        self._due_mono_s = 0.0
        self._waiting: deque[Frame] = deque()
        self._read: deque[LiveReading] = deque(maxlen=2 * READINGS)
        self._shown: Shown | None = None
        self._maker = PictureMaker()
        self._count = 0

    def look(self) -> int:
        """Look for what is new; return the number of the picture to be seen, 0 for none yet.

        Costs microseconds while there is nothing new; call it some 50 times a second.
        """
        with self._lock:
            now = self._clock()
            self._take_in(now)
            found = self._choose(now)
            if found is not None:
                self._shown = found
            return self._shown.number if self._shown is not None else 0

    def make(self, *, labels: bool) -> Picture | None:
        """Return the picture to be seen, with boxes and labels or without; takes milliseconds."""
        with self._lock:
            shown = self._shown
            if shown is None:
                return None
            if labels not in shown.made:
                shown.made[labels] = self._maker.make(shown, labels=labels)
            return shown.made[labels]

    def _take_in(self, now: float) -> None:
        for reading in self._ring.read(self._read[-1].position if self._read else 0):
            self._read.append(reading)
        if now < self._due_mono_s:
            return
        waits = [_bytes(one) for one in self._waiting]
        if len(waits) >= 2 and sum(waits) + waits[-1] > MOST_BYTES:
            return
        frame = self._frames.peek(self._seen)
        if frame is not None and now - frame.captured_mono_s <= STALE_S:
            self._waiting.append(frame)
            self._seen = frame
            # On the average, so that of 15 frames a second not every other one is shown.
            self._due_mono_s = max(self._due_mono_s, now - 1 / MOST_FPS) + 1 / MOST_FPS

    def _choose(self, now: float) -> Shown | None:
        """Return the newest frame that may be shown now; older ones are forgotten."""
        for place in range(len(self._waiting) - 1, -1, -1):
            frame = self._waiting[place]
            around = [one for one in self._read if self._is_near(one, frame)]
            is_known = any(one.index <= frame.index for one in around) and any(
                one.index > frame.index for one in around
            )
            is_late = now - frame.captured_mono_s > PATIENCE_S
            if self.view is LiveView.CLEAR or is_known or is_late:
                for _ in range(place + 1):
                    self._waiting.popleft()
                self._count += 1
                return self._show(frame, around, is_known=is_known)
        return None

    def _show(self, frame: Frame, around: list[LiveReading], *, is_known: bool) -> Shown:
        from surveil.live.blurring import hidden_parts

        told = max(
            (one for one in around if one.index <= frame.index),
            key=lambda one: one.index,
            default=None,
        )
        is_clear = self.view is LiveView.CLEAR
        hidden = [] if is_clear else hidden_parts(around, frame.captured_at)
        is_unread = not is_clear and not is_known
        faces = () if told is None or is_unread else told.faces
        return Shown(self._count, frame, faces, hidden, is_unread)

    @staticmethod
    def _is_near(reading: LiveReading, frame: Frame) -> bool:
        apart_s = abs((reading.captured_at - frame.captured_at).total_seconds())
        return reading.run == frame.run and apart_s <= AROUND_S


class Watch:
    """One who watches a camera, until it is closed. For one thread at a time."""

    def __init__(self, camera: LiveCamera, on_close: Callable[[], None]) -> None:
        self._camera, self._on_close = camera, on_close
        self._is_open = True
        self._number = 0
        camera.enter()

    @property
    def camera(self) -> str:
        """Id of the camera."""
        return self._camera.camera

    @property
    def view(self) -> LiveView:
        """Whether faces are blurred."""
        return self._camera.view

    def has_news(self) -> bool:
        """Return whether there is a picture that was not taken; microseconds if there is not."""
        return self._is_open and self._camera.look() not in (0, self._number)

    def take(self, *, labels: bool = True) -> Picture | None:
        """Return the newest picture; None where there is none yet. Takes milliseconds."""
        self._number = self._camera.look()
        return self._camera.make(labels=labels)

    def close(self) -> None:
        """Watch no more."""
        if self._is_open:
            self._is_open = False
            self._camera.leave()
            self._on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class LiveViews:
    """The cameras of this host that may be watched.

    Args:
        views: What the configuration says of each camera.
        cameras: Those whose pictures are here.
    """

    def __init__(
        self, views: Mapping[str, LiveView] | None = None, cameras: Iterable[LiveCamera] = ()
    ) -> None:
        self._views = dict(views or {})
        self._cameras = {one.camera: one for one in cameras}
        self._lock = threading.Lock()
        self._watching = 0

    @classmethod
    def of(
        cls,
        cameras: Mapping[str, Camera],
        frames: Mapping[str, FrameRing] | None = None,
        readings: Mapping[str, ReadingsRing] | None = None,
    ) -> Self:
        """Return the live views of a fleet's cameras, of which some have their rings here."""
        frames, readings = frames or {}, readings or {}
        views = {id_: one.privacy.live_view for id_, one in cameras.items()}
        here = [
            LiveCamera(id_, view, frames[id_], readings[id_])
            for id_, view in views.items()
            if view is not LiveView.OFF and id_ in frames and id_ in readings
        ]
        return cls(views, here)

    @property
    def watching(self) -> int:
        """How many watch now."""
        return self._watching

    def view_of(self, camera: str) -> LiveView:
        """Return what may be seen of a camera; off where it is not known."""
        return self._views.get(camera, LiveView.OFF)

    def has(self, camera: str) -> bool:
        """Return whether a camera may be watched, and its pictures are here."""
        return camera in self._cameras

    def watch(self, camera: str) -> Watch:
        """Begin to watch a camera; whoever calls has seen to it that they may.

        Raises:
            LiveViewOffError: Nobody may.
            LiveViewAwayError: Its pictures are not here, or too many watch.
        """
        if self.view_of(camera) is LiveView.OFF:
            raise LiveViewOffError(f"camera {camera} has no live view: privacy.live_view is off")
        if camera not in self._cameras:
            raise LiveViewAwayError(
                f"pictures of camera {camera} stay on the host that captures them: this is another"
            )
        with self._lock:
            if self._watching >= MOST_WATCHING:
                raise LiveViewAwayError(f"{MOST_WATCHING} watch already: close another view")
            self._watching += 1
        return Watch(self._cameras[camera], self._left)

    def _left(self) -> None:
        with self._lock:
            self._watching -= 1


def _bytes(frame: Frame) -> int:
    width, height = frame.size
    return width * height * 3
