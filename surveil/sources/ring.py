"""Frames of one camera from its capture process to inference; the newest wins.

One process writes, one reads, others may look, and none ever waits for another: a slot has a
version that is odd while it is written, and a reader that copied while it changed throws its copy
away (a seqlock). So a process may be killed at any instruction and replaced by another, which
attaches to the same descriptor and goes on. Frames that were overwritten or passed over before they
were read count as busy.

The supervisor only creates and closes rings; once a writer is dead it may speak in its place with
:meth:`FrameRing.log_state`.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from surveil.domain import CameraState, Frame, Reason
from surveil.errors import SurveilError
from surveil.sources.options import MAX_FRAME_PX
from surveil.sources.shared_memory import create_memory, fence, map_memory, release_pages
from surveil.sources.statelog import LOG_BYTES, StateLog, StateRecord, from_us, to_us
from surveil.sources.tally import TABLE_BYTES, RunTable, RunTally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# NumPy, and what needs it, is imported where pictures go in and out: the supervisor makes the rings
# and reads their logs, and would hold 10 MB for it.

_MAGIC = int.from_bytes(b"surveil2", sys.byteorder)
_SLOTS, _SLOT_BYTES, _HEAD, _NEWEST_RUN, _LAST_STATE, _PROMISE = range(1, 7)
_HEADER_BYTES = 128
_META_BYTES = 256
_META = struct.Struct("=QQqdII26sHB")
"""Run number, index, at in us, mono s, H, W, run, camera's length, :class:`Colour` or 0 for RGB."""

_CAMERA_AT = 8 + _META.size
_CAMERA_BYTES = _META_BYTES - _CAMERA_AT
_LOG_AT = _HEADER_BYTES
_TABLE_AT = _LOG_AT + LOG_BYTES
_META_AT = _TABLE_AT + TABLE_BYTES
_PAGE_BYTES = 65536  # the largest page of the CPUs in use (ARM), so that slots never share one
_RETRIES = 8
_RGB = 0


class RingError(SurveilError):
    """Not a ring, a ring of another version, or a frame that does not fit."""


class FrameRing:
    """A ring of ``slots`` pictures in anonymous memory, with counters and a log of states."""

    def __init__(self, fd: int) -> None:
        """Map the ring behind a descriptor, which is taken over; see create() and attach()."""
        self.fd = fd
        self._memory = map_memory(fd)
        self._view = memoryview(self._memory)
        self._header = self._view[:_HEADER_BYTES].cast("Q")
        self._slots, self._slot_bytes = self._header[_SLOTS], self._header[_SLOT_BYTES]
        self._log = StateLog(self._view[_LOG_AT:_TABLE_AT], self._word(_LAST_STATE))
        self._runs = RunTable(self._view[_TABLE_AT:_META_AT], self._word(_NEWEST_RUN))
        meta_bytes = self._slots * _META_BYTES
        self._meta = self._view[_META_AT : _META_AT + meta_bytes]
        self._versions = self._meta.cast("Q")
        self._pixels_at = -(-(_META_AT + meta_bytes) // _PAGE_BYTES) * _PAGE_BYTES
        self._run = ""
        self._run_number = 0

    @classmethod
    def create(cls, slot_bytes: int = MAX_FRAME_PX * 3, slots: int = 4) -> FrameRing:
        """Make a new ring; memory is used only as far as pictures fill it.

        Args:
            slot_bytes: Largest picture, height times width times 3; of planes it fills half.
            slots: At least 2; with 4, a reader has the time of three pictures to copy one.
        """
        if slots < 2 or slot_bytes < 3:
            raise RingError(f"a ring needs 2 slots of 3 bytes, not {slots} of {slot_bytes}")
        slot_bytes = -(-slot_bytes // _PAGE_BYTES) * _PAGE_BYTES
        front = -(-(_META_AT + slots * _META_BYTES) // _PAGE_BYTES) * _PAGE_BYTES
        fd = create_memory(front + slots * slot_bytes)
        with map_memory(fd) as memory:
            struct.pack_into("=QQQ", memory, 0, _MAGIC, slots, slot_bytes)
        return cls(fd)

    @classmethod
    def attach(cls, fd: int) -> FrameRing:
        """Map an inherited ring; the caller keeps (and may close) its own descriptor.

        Raises:
            RingError: The descriptor is not a ring of this version.
        """
        size = os.fstat(fd).st_size
        if size <= _HEADER_BYTES:
            raise RingError("the inherited descriptor is not a frame ring")
        with map_memory(fd) as memory:
            magic, slots, slot_bytes = struct.unpack_from("=QQQ", memory, 0)
        if magic != _MAGIC or _META_AT + slots * (slot_bytes + _META_BYTES) > size:
            raise RingError("the inherited descriptor is not a frame ring of this version")
        return cls(os.dup(fd))

    def close(self) -> None:
        """Unmap and close the descriptor; the memory lives on while others hold it."""
        self._log.release()
        self._runs.release()
        for view in (self._versions, self._meta, self._header, self._view):
            view.release()
        self._memory.close()
        os.close(self.fd)

    @property
    def slot_bytes(self) -> int:
        """The largest picture that fits, height times width times 3."""
        return self._slot_bytes

    # -- writer ---------------------------------------------------------------------------------

    def begin_run(self, run: str, started_at: datetime) -> None:
        """Open a run: counters start at zero, frames at index 1."""
        del started_at  # part of the protocol; a ring keeps no start, its first state has it
        self._run_number = self._runs.begin(run)
        self._run = run

    def put(self, frame: Frame) -> None:
        """Publish a frame of the run; never waits, overwrites the oldest slot.

        RGB goes into it as it is, and so do planes, which readers convert.
        ``frame.index`` must count 1, 2, 3… within the run. Adds to ``sampled``.

        Raises:
            RingError: The picture is larger than a slot, or of another run than the open one.
        """
        from surveil.sources.planar import PlanarFrame, split

        if isinstance(frame, PlanarFrame):
            planes: tuple[NDArray[np.uint8], ...] = frame.planes
            colour = int(frame.colour)
            height, width = planes[0].shape
        else:
            planes, colour = (frame.image,), _RGB
            height, width = frame.image.shape[:2]
        if sum(plane.nbytes for plane in planes) > self._slot_bytes:
            raise RingError(f"a picture of {width}x{height} exceeds {self._slot_bytes} bytes")
        if frame.run != self._run:
            raise RingError(f"run {frame.run} is not open")
        head = self._header[_HEAD] + 1
        slot = head % self._slots
        meta = slot * _META_BYTES
        version = (self._versions[meta // 8] + 1) | 1
        self._versions[meta // 8] = version
        fence()
        self._release_tail(slot, _picture_bytes(height, width, colour))
        camera = frame.camera.encode()[:_CAMERA_BYTES]
        _META.pack_into(
            self._meta,
            meta + 8,
            self._run_number,
            frame.index,
            to_us(frame.captured_at),
            frame.captured_mono_s,
            height,
            width,
            frame.run.encode(),
            len(camera),
            colour,
        )
        self._meta[meta + _CAMERA_AT : meta + _CAMERA_AT + len(camera)] = camera
        slot_picture = self._slot_picture(slot, height, width, colour)
        targets = split(slot_picture) if colour else (slot_picture,)
        for target, plane in zip(targets, planes, strict=True):
            target[...] = plane
        fence()
        self._versions[meta // 8] = version + 1
        # Counted before it is published: a reader never takes what was not sampled.
        self._runs.set_sampled(self._run_number, frame.index)
        fence()
        self._header[_HEAD] = head

    def count(self, *, captured: int = 0, decode: int = 0) -> None:
        """Add to the counters of the open run: decoded pictures, failures to decode."""
        self._runs.add(self._run_number, captured=captured, decode=decode)

    def log_state(self, record: StateRecord) -> StateRecord:
        """Append a change of state; the ring assigns the index of the record it returns."""
        return self._log.append(record)

    def promise(self, until_mono_s: float) -> None:
        """Note until when the writer promised to show life, for whoever speaks in its place."""
        self._header[_PROMISE] = max(0, int(until_mono_s * 1e6))

    @property
    def promised_until_mono_s(self) -> float:
        """What the last writer promised, monotonic seconds; 0 for nothing."""
        return self._header[_PROMISE] / 1e6

    # -- reader ---------------------------------------------------------------------------------

    def take(self) -> Frame | None:
        """Return a copy of the newest frame unless it was taken before.

        Frames between it and the one taken before it become busy. Call it after each doorbell and
        at least once a second; it costs next to nothing when there is nothing new.
        """
        copied = self._copy_newest(lambda number, index: index > self._runs.last_taken(number))
        if copied is None:
            return None
        number, frame = copied
        self._runs.take(number, frame.index)
        return frame

    def peek(self, after: Frame | None = None) -> Frame | None:
        """Return a copy of the newest frame, taken or not, for whoever watches besides the reader.

        Any number of processes may look; no count changes, and neither writer nor reader notices.
        None before the first frame, and in the rare case that the writer overwrote every copy while
        it was made: look again later.

        Args:
            after: The frame that was seen last: while it is the newest, nothing is copied, and the
                answer is None.
        """
        seen = None if after is None else (self._runs.find(after.run), after.index)
        copied = self._copy_newest(lambda number, index: (number, index) != seen)
        return copied[1] if copied is not None else None

    def states(self, after: int = 0) -> list[StateRecord]:
        """Return the changes of state after an index, oldest first (the last 256 are kept).

        A jump in indices means that older ones were overwritten.
        """
        return self._log.read(after)

    def last_state(self) -> StateRecord | None:
        """Return the last change of state; None before the first, or while it is overwritten."""
        return self._log.newest()

    def tally(self, run: str | None = None) -> RunTally | None:
        """Return all counters of a run (default: the newest), None when it is not known any more.

        The last 64 runs are kept.
        """
        number = self._runs.newest if run is None else self._runs.find(run)
        tally = self._runs.tally(number)
        return tally if tally.run else None

    # -- both -----------------------------------------------------------------------------------

    def _copy_newest(self, wants: Callable[[int, int], bool]) -> tuple[int, Frame] | None:
        """Copy the newest frame if its run's number and its index are wanted; never a torn one."""
        for _ in range(_RETRIES):
            head = self._header[_HEAD]
            if head == 0:
                return None
            slot = head % self._slots
            meta = slot * _META_BYTES
            version = self._versions[meta // 8]
            fence()
            if version % 2:
                continue
            number, index, at_us, mono_s, height, width, run, length, colour = _META.unpack_from(
                self._meta, meta + 8
            )
            camera = bytes(self._meta[meta + _CAMERA_AT : meta + _CAMERA_AT + length])
            fence()
            if self._versions[meta // 8] != version:
                continue
            if not wants(number, index):
                return None
            picture = self._slot_picture(slot, height, width, colour).copy()
            fence()
            if self._versions[meta // 8] != version:
                continue
            name = run.rstrip(b"\0").decode()
            which = (camera.decode(), name, index, from_us(at_us), mono_s)
            if colour:
                from surveil.sources.planar import Colour, PlanarFrame, split

                return number, PlanarFrame(*which, split(picture), Colour(colour))
            return number, Frame(*which, picture)
        return None  # the writer laps us without end; the next doorbell tries again

    def _word(self, word: int) -> memoryview:
        return self._view[word * 8 : word * 8 + 8].cast("Q")

    def _slot_picture(self, slot: int, height: int, width: int, colour: int) -> NDArray[np.uint8]:
        """Return a slot's pixels: packed planes, shape ``(H*3/2, W)``, or RGB, ``(H, W, 3)``."""
        import numpy as np

        offset = self._pixels_at + slot * self._slot_bytes
        shape = (height * 3 // 2, width) if colour else (height, width, 3)
        return np.ndarray(shape, np.uint8, self._memory, offset)

    def _release_tail(self, slot: int, used_bytes: int) -> None:
        """Give back what a larger picture had used of a slot."""
        meta = slot * _META_BYTES
        _, _, _, _, height, width, _, _, colour = _META.unpack_from(self._meta, meta + 8)
        start = self._pixels_at + slot * self._slot_bytes
        if _picture_bytes(height, width, colour) > used_bytes:
            release_pages(self._memory, start + used_bytes, start + self._slot_bytes)


def _picture_bytes(height: int, width: int, colour: int) -> int:
    return height * width * 3 // 2 if colour else height * width * 3


def ring_bell(fd: int | None) -> None:
    """Wake whoever selects on the other end of a non-blocking pipe.

    A full pipe is a bell that already rings; a broken one has nobody to wake, and the frames wait
    in the ring for the reader's replacement.
    """
    if fd is not None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(fd, b"\0")


def log_loss(ring: FrameRing, at: datetime, now_mono_s: float) -> StateRecord | None:
    """Say in place of a dead writer that its run is over; None if it had said so itself.

    Whoever comes first calls it, once the writer is surely dead: the supervisor, or the writer's
    replacement. A writer that broke its promise was killed for it, one that had not was lost.
    """
    records = ring.states()
    if not records or records[-1].state in (CameraState.OFFLINE, CameraState.STOPPED):
        return None
    last = records[-1]
    hung = 0 < ring.promised_until_mono_s < now_mono_s
    reason = Reason.DECODER_HUNG if hung else Reason.WORKER_LOST
    record = StateRecord(0, last.run, max(at, last.at), CameraState.OFFLINE, reason)
    return ring.log_state(record)
