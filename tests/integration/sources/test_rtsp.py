"""Capture against the simulator: what a camera does, and what surveil says of it."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest

from surveil.domain import CameraState, Reason
from surveil.secrets import Secret
from surveil.simulate.fault import Fault
from surveil.simulate.server import RtspServer
from surveil.sources.options import SourceOptions
from surveil.sources.probe import probe

PASSWORD = "p@ss:/?#[]%&+ é"
Watch = Callable[[SourceOptions], Any]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_goes_live_and_is_sampled(
    options: SourceOptions, watch: Watch, transport: Literal["tcp", "udp"]
) -> None:
    session = watch(replace(options, transport=transport))
    sink = session.sink
    sink.wait_for(lambda: len(sink.frames) >= 4)
    session.stop()
    assert sink.summary == [("connecting", "none"), ("live", "none"), ("stopped", "shutdown")]
    assert len(sink.runs) == 1
    assert {record.run for record in sink.states} == {sink.runs[0]}
    assert [frame.index for frame in sink.frames] == list(range(1, len(sink.frames) + 1))
    assert all(frame.image.shape == (120, 160, 3) for frame in sink.frames)
    instants = [frame.captured_at for frame in sink.frames]
    assert all(early < late for early, late in pairwise(instants))
    assert all(at.utcoffset() is not None for at in instants)
    assert sink.captured > 2 * len(sink.frames)  # 25 fps sampled to 5
    assert session.beats


def test_any_password_goes_through(clip: Path, options: SourceOptions, watch: Watch) -> None:
    with RtspServer({"lobby": clip}, username="us.er", password=PASSWORD) as server:
        options = replace(
            options, url=server.url("lobby"), username="us.er", password=Secret(PASSWORD)
        )
        watch(options).sink.wait_for_state(("live", "none"))


def test_a_wrong_password_is_retried_slowly_and_never_shown(
    clip: Path, options: SourceOptions, watch: Watch
) -> None:
    canary = "canary-of-a-password"
    with RtspServer({"lobby": clip}, username="user", password=PASSWORD) as server:
        options = replace(
            options, url=server.url("lobby"), username="user", password=Secret(canary)
        )
        session = watch(options)
        session.sink.wait_for(lambda: len(session.sink.retries) == 1)
        session.stop()
        assert session.sink.summary == [
            ("connecting", "none"),
            ("offline", "auth-failed"),
            ("stopped", "shutdown"),
        ]
        reason, delay_s = session.sink.retries[0]
        assert reason is Reason.AUTH_FAILED
        assert delay_s >= 30
        assert canary not in repr(session.sink.states) + repr(probe(options))


def test_a_path_that_is_not_there(options: SourceOptions, watch: Watch) -> None:
    session = watch(replace(options, url=options.url + "-not"))
    session.sink.wait_for_state(("connecting", "none"), ("offline", "not-found"))


def test_refused_connections_and_a_late_start_stay_in_the_first_run(
    server: RtspServer, options: SourceOptions, watch: Watch
) -> None:
    server.fault("*", Fault.REFUSE, math.inf)
    session = watch(options)
    session.sink.wait_for(lambda: len(session.sink.retries) >= 3)
    assert session.sink.summary[0] == ("connecting", "none")
    assert {state for state, _ in session.sink.summary[1:]} == {"offline"}
    server.clear()
    session.sink.wait_for_state(("live", "none"))
    assert len(session.sink.runs) == 1


def test_a_closed_port_is_refused(options: SourceOptions, watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    session = watch(replace(options, url=f"rtsp://127.0.0.1:{port}/lobby"))
    session.sink.wait_for_state(("offline", "refused"))


def test_an_unknown_host_is_unreachable(options: SourceOptions, watch: Watch) -> None:
    session = watch(replace(options, url="rtsp://camera.invalid/lobby"))
    session.sink.wait_for_state(("offline", "unreachable"))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_stall_is_noticed_and_left_behind(
    server: RtspServer, options: SourceOptions, watch: Watch, transport: Literal["tcp", "udp"]
) -> None:
    session = watch(replace(options, transport=transport))
    session.sink.wait_for_state(("live", "none"))
    server.fault("lobby", Fault.STALL, math.inf)
    place = session.sink.wait_for_state(("stalled", "timeout"), ("offline", "timeout"))
    server.clear()
    session.sink.wait_for_state(("live", "none"), after=place)
    first, second = session.sink.runs_when(CameraState.LIVE)
    assert first != second
    assert session.sink.runs_when(CameraState.OFFLINE)[0] == first


def test_dropped_connections_open_a_new_run(
    server: RtspServer, options: SourceOptions, watch: Watch
) -> None:
    session = watch(options)
    session.sink.wait_for(lambda: len(session.sink.frames) >= 1)
    server.fault("lobby", Fault.DROP)
    session.sink.wait_for_state(("live", "none"), ("live", "none"))
    ended = next(record for record in session.sink.states if record.state is CameraState.OFFLINE)
    assert ended.reason in (Reason.STREAM_BROKEN, Reason.STREAM_ENDED)
    assert len(set(session.sink.runs_when(CameraState.LIVE))) == 2


def test_a_frozen_picture_is_noticed_and_not_handed_on(
    long_gop_clip: Path, options: SourceOptions, watch: Watch
) -> None:
    with RtspServer({"lobby": long_gop_clip}) as server:
        calm = replace(options, url=server.url("lobby"), stall_timeout_s=10)
        check_freezing(server, watch(calm))


def check_freezing(server: RtspServer, session: Any) -> None:
    sink = session.sink
    sink.wait_for_state(("live", "none"))
    server.fault("lobby", Fault.FREEZE, math.inf)
    place = sink.wait_for_state(("frozen", "frozen-picture"))
    handed_on, captured = len(sink.frames), sink.captured
    sink.wait_for(lambda: sink.captured >= captured + 25)
    assert len(sink.frames) == handed_on
    server.clear()
    sink.wait_for_state(("live", "none"), after=place)
    assert len(sink.runs) == 1
    session.stop()


def test_another_size_opens_a_new_run(
    server: RtspServer, options: SourceOptions, watch: Watch
) -> None:
    session = watch(options)
    sink = session.sink
    sink.wait_for(lambda: len(sink.frames) >= 1)
    server.fault("lobby", Fault.RESIZE, math.inf)
    place = sink.wait_for_state(("offline", "format-changed"), ("live", "none"))
    sink.wait_for(lambda: sink.frames[-1].image.shape == (48, 80, 3))
    assert sink.states[place - 2].run == sink.runs[0]
    assert sink.states[place - 1].run == sink.runs[1] == sink.frames[-1].run
    assert {f.image.shape for f in sink.frames if f.run == sink.runs[0]} == {(120, 160, 3)}


def test_garbage_is_counted_and_survived(
    server: RtspServer, options: SourceOptions, watch: Watch
) -> None:
    session = watch(options)
    sink = session.sink
    sink.wait_for(lambda: len(sink.frames) >= 1)
    server.fault("lobby", Fault.GARBAGE, math.inf)
    sink.wait_for(lambda: sink.decode >= 5)
    server.clear()
    count = len(sink.frames)
    sink.wait_for(lambda: len(sink.frames) >= count + 3)


@pytest.fixture
def mute_port() -> Iterator[Callable[[bytes], int]]:
    """Start a server that answers every connection with one byte now and then, or with none."""
    closing = threading.Event()
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, drip: bytes) -> None:
        accepted = []
        while not closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                break
            accepted.append(connection)
            try:
                while drip and not closing.wait(0.05):
                    connection.send(drip)
            except OSError:
                continue
        for connection in accepted:
            connection.close()

    def start(drip: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, drip), daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    closing.set()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("drip", [b"", b" "], ids=["silent", "dripping"])
def test_a_server_that_never_answers_is_given_up(
    options: SourceOptions, watch: Watch, mute_port: Callable[[bytes], int], drip: bytes
) -> None:
    # FFmpeg's own time-out is per read: a server that drips bytes is never overdue for it.
    url = f"rtsp://127.0.0.1:{mute_port(drip)}/lobby"
    session = watch(replace(options, url=url, connect_timeout_s=0.5))
    session.sink.wait_for_state(("connecting", "none"), ("offline", "timeout"))
    assert "no answer" in session.sink.states[1].detail


def test_stopping_does_not_wait_for_a_server(
    options: SourceOptions, watch: Watch, mute_port: Callable[[bytes], int]
) -> None:
    # Longer than the test may take: only an interruption can end the attempt.
    url = f"rtsp://127.0.0.1:{mute_port(b'')}/lobby"
    session = watch(replace(options, url=url, connect_timeout_s=300))
    session.sink.wait_for_state(("connecting", "none"))
    session.stop()
    assert session.sink.summary[-1] == ("stopped", "shutdown")


def test_probe_says_what_a_camera_is(options: SourceOptions) -> None:
    report = probe(options)
    assert report.is_ok
    assert (report.codec, report.width, report.height) == ("h264", 160, 120)
    assert report.measured_fps == pytest.approx(25, rel=0.2)
    assert report.time_to_first_frame_s is not None


def test_probe_says_why_a_camera_is_dead(options: SourceOptions) -> None:
    report = probe(replace(options, url=options.url + "-not"))
    assert not report.is_ok
    assert report.reason is Reason.NOT_FOUND
    assert report.codec is None
