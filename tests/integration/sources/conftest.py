"""A clip for the simulator, and capture sessions that run beside a test."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import av
import numpy as np
import pytest

from surveil.domain import CameraState, Frame, Reason
from surveil.simulate.server import RtspServer
from surveil.sources.capture import CaptureSession
from surveil.sources.options import SourceOptions
from surveil.sources.statelog import StateRecord
from surveil.sources.stream import StreamInfo

DEADLINE_S = 20.0


class MemorySink:
    """Keeps what a session says; tests wait on it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.runs: list[str] = []
        self.states: list[StateRecord] = []
        self.frames: list[Frame] = []
        self.retries: list[tuple[Reason, float]] = []
        self.infos: list[StreamInfo] = []
        self.captured = 0
        self.decode = 0

    def begin_run(self, run: str, started_at: datetime) -> None:
        self.runs.append(run)

    def log_state(self, record: StateRecord) -> None:
        with self._changed:
            self.states.append(record)
            self._changed.notify_all()

    def opened(self, info: StreamInfo) -> None:
        self.infos.append(info)

    def count(self, *, captured: int = 0, decode: int = 0) -> None:
        with self._changed:
            self.captured += captured
            self.decode += decode
            self._changed.notify_all()

    def put(self, frame: Frame) -> None:
        with self._changed:
            self.frames.append(
                Frame(
                    *(frame.camera, frame.run, frame.index),
                    *(frame.captured_at, frame.captured_mono_s, frame.image.copy()),
                )
            )
            self._changed.notify_all()

    def clock_set(self, step_s: float) -> None:
        pass

    def retrying(self, reason: Reason, delay_s: float) -> None:
        with self._changed:
            self.retries.append((reason, delay_s))
            self._changed.notify_all()

    def wait_for(self, what: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(what, DEADLINE_S), (self.summary, self.retries)

    def wait_for_state(self, *wanted: tuple[str, str], after: int = 0) -> int:
        """Wait until these states were entered in this order; return the place of the last."""

        def place() -> int | None:
            at = after
            for one in wanted:
                while at < len(self.states) and self.summary[at] != one:
                    at += 1
                if at == len(self.states):
                    return None
                at += 1
            return at

        self.wait_for(lambda: place() is not None)
        found = place()
        assert found is not None
        return found

    @property
    def summary(self) -> list[tuple[str, str]]:
        return [(record.state.value, record.reason.value) for record in self.states]

    def runs_when(self, state: CameraState) -> list[str]:
        return [record.run for record in self.states if record.state is state]


class Dice(random.Random):
    """Dice that always fall on the lowest number but one in a hundred: tests should not wait."""

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * 0.01


class Watched:
    """A session in a thread, with its sink."""

    def __init__(self, options: SourceOptions) -> None:
        self.sink = MemorySink()
        self.beats: list[float] = []
        self.stopping = threading.Event()
        self._session = CaptureSession(
            options,
            self.sink,
            stopping=self.stopping,
            beat=self.beats.append,
            dice=Dice(),
        )
        self.thread = threading.Thread(target=self._session.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def watch() -> Iterator[Callable[[SourceOptions], Watched]]:
    sessions: list[Watched] = []

    def start(options: SourceOptions) -> Watched:
        sessions.append(Watched(options))
        return sessions[-1]

    yield start
    for session in sessions:
        session.stop()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 25 fps H.264, 160x120 (quick to code), a key frame every half second so that
    joining and recovering are quick; noise in every picture, as a sensor has it."""
    return write_clip(tmp_path_factory.mktemp("clips") / "noise.mp4", gop=12)


@pytest.fixture(scope="session")
def long_gop_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with one key frame only: the simulator freezes on the latest key frame."""
    return write_clip(tmp_path_factory.mktemp("clips") / "noise.mp4", gop=50)


def write_clip(path: Path, *, gop: int) -> Path:
    noise = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"g": str(gop), "bf": "0", "sc_threshold": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for index in range(50):
            image = noise.integers(60, 120, (120, 160, 3), dtype=np.uint8)
            image[40:80, (index * 2) % 120 : (index * 2) % 120 + 40] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        container.mux(stream.encode())
    return path


@pytest.fixture
def server(clip: Path) -> Iterator[RtspServer]:
    with RtspServer({"lobby": clip}) as server:
        yield server


@pytest.fixture
def options(server: RtspServer) -> SourceOptions:
    return SourceOptions(
        camera="lobby",
        url=server.url("lobby"),
        connect_timeout_s=5,
        first_frame_timeout_s=5,
        stall_timeout_s=1,
        freeze_timeout_s=1,
    )
