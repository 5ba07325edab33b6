"""Kill the writer of readings at any instruction: whoever watches sees whole ones, in order."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np

from surveil.live import LiveReading, ReadingsRing

KILLS = 6
DEADLINE_S = 30.0

WRITER = """
import sys
from datetime import UTC, datetime
import numpy as np
from surveil.domain import EMOTIONS, Box, Detection, Frame
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.live import ReadingsRing

ring = ReadingsRing.attach(int(sys.argv[1]))
run = f"{int(sys.argv[2]):026d}"
at = datetime.now(UTC)
image = np.zeros((64, 64, 3), np.uint8)
index = 0
while True:  # killed from outside
    index += 1
    faces = tuple(
        FaceReading(
            index,
            Detection(Box(0, 0, index % 64, 64), 0.5, np.zeros((5, 2), np.float32)),
            (index % 128 / 128,) * 7,
            EMOTIONS[index % 7],
        )
        for _ in range(index % 40)
    )
    ring.put(FrameReading(Frame("lobby", run, index, at, 0.0, image), faces))
"""


def check(reading: LiveReading) -> None:
    index = reading.index
    assert len(reading.faces) == index % 40
    for face in reading.faces:
        assert (face.track_id, face.scores) == (index, (index % 128 / 128,) * 7)
        assert face.box.x2 == index % 64 / 64


def test_a_killed_writer_leaves_whole_readings_and_its_replacement_goes_on() -> None:
    ring = ReadingsRing.create()
    dice = np.random.default_rng(5)
    seen = 0
    for number in range(KILLS):
        run = f"{number:026d}"
        command = [sys.executable, "-c", WRITER, str(ring.fd), str(number)]
        writer = subprocess.Popen(command, pass_fds=[ring.fd])
        try:
            wanted, found = int(dice.integers(5, 200)), 0
            deadline_s = time.monotonic() + DEADLINE_S
            while found < wanted:
                assert time.monotonic() < deadline_s
                new = ring.read(after=seen)
                for reading in new:
                    check(reading)
                found += sum(reading.run == run for reading in new)
                seen = new[-1].position if new else seen
        finally:
            writer.kill()
            assert writer.wait(DEADLINE_S) == -signal.SIGKILL
        left = ring.read()
        for reading in left:
            check(reading)
        assert all(a.position < b.position for a, b in pairwise(left))
        assert left[-1].run == run
    ring.close()
