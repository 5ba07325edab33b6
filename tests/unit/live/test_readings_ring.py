"""The ring of readings: whole, newest, bounded, and of one host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from surveil.domain import EMOTIONS, Box, Detection, Frame
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.live import ReadingsRing, ReadingsRingError
from surveil.live.readings_ring import MAX_FACES, READINGS
from surveil.sources.shared_memory import create_memory

AT = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
RUN = "01JD0000000000000000000000"


@pytest.fixture
def ring() -> Iterator[ReadingsRing]:
    made = ReadingsRing.create()
    yield made
    made.close()


@pytest.fixture
def watcher(ring: ReadingsRing) -> Iterator[ReadingsRing]:
    """The other end, as another process would have it."""
    attached = ReadingsRing.attach(ring.fd)
    yield attached
    attached.close()


def face(track_id: int, side: float = 20.0) -> FaceReading:
    detection = Detection(Box(8, 12, 8 + side, 12 + side), 0.75, np.zeros((5, 2), np.float32))
    scores = (0.0625, 0.0625, 0.125, 0.5, 0.125, 0.0625, 0.0625)
    return FaceReading(track_id, detection, scores, EMOTIONS[3])


def reading(index: int, *faces: FaceReading, run: str = RUN) -> FrameReading:
    at = AT + timedelta(seconds=index / 5)
    frame = Frame("lobby", run, index, at, 5.0, np.zeros((48, 64, 3), np.uint8))
    return FrameReading(frame, faces)


def test_a_reading_arrives_as_it_was_put(ring: ReadingsRing, watcher: ReadingsRing) -> None:
    ring.put(reading(7, face(3), face(4)))
    [shown] = watcher.read()
    assert (shown.position, shown.run, shown.index) == (1, RUN, 7)
    assert shown.captured_at == AT + timedelta(seconds=1.4)
    assert (len(shown.faces), shown.left_out) == (2, 0)
    assert shown.faces[0].track_id == 3
    assert shown.faces[0].box.xyxy == (0.125, 0.25, 0.4375, pytest.approx(32 / 48))
    assert (shown.faces[0].score, shown.faces[0].emotion) == (0.75, EMOTIONS[3])
    assert shown.faces[0].scores == face(3).scores


def test_a_frame_without_a_face_is_shown_and_one_that_failed_is_not(
    ring: ReadingsRing, watcher: ReadingsRing
) -> None:
    ring.put(reading(1))
    ring.put(FrameReading(reading(2).frame, None))
    assert [(shown.index, shown.faces) for shown in watcher.read()] == [(1, ())]


def test_only_what_is_new_is_read_and_the_newest_win(
    ring: ReadingsRing, watcher: ReadingsRing
) -> None:
    assert watcher.read() == []
    for index in range(1, 4):
        ring.put(reading(index))
    assert [shown.index for shown in watcher.read()] == [1, 2, 3]
    assert [shown.index for shown in watcher.read(after=2)] == [3]
    for index in range(4, READINGS + 11):
        ring.put(reading(index))
    shown = watcher.read(after=3)
    assert [one.index for one in shown] == list(range(11, READINGS + 11))
    assert shown[0].position - 3 - 1 == 7  # the jump tells of those overwritten


def test_of_too_many_faces_the_largest_are_shown_and_the_rest_counted(
    ring: ReadingsRing, watcher: ReadingsRing
) -> None:
    ring.put(reading(1, *(face(n, side=5 + n / 10) for n in range(1, MAX_FACES + 4))))
    [shown] = watcher.read()
    assert (len(shown.faces), shown.left_out) == (MAX_FACES, 3)
    assert min(one.track_id for one in shown.faces) == 4


def test_a_replaced_writer_goes_on(ring: ReadingsRing, watcher: ReadingsRing) -> None:
    ring.put(reading(1))
    replacement = ReadingsRing.attach(ring.fd)
    replacement.put(reading(1, run=RUN[:-1] + "1"))
    replacement.close()
    assert [shown.position for shown in watcher.read()] == [1, 2]


def test_another_descriptor_is_refused() -> None:
    fd = create_memory(4096)
    with pytest.raises(ReadingsRingError):
        ReadingsRing.attach(fd)
    os.close(fd)
    ring = ReadingsRing.create()
    other = create_memory(os.fstat(ring.fd).st_size)
    with pytest.raises(ReadingsRingError):
        ReadingsRing.attach(other)
    os.close(other)
    ring.close()
