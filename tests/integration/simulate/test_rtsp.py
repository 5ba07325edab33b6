"""The server as clients see it: PyAV as a user's client, a raw one for the protocol."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from kit.waiting import until

from surveil.cli.simulate import describe_losses
from surveil.errors import ConfigError, InUseError
from surveil.simulate import ClipError, DigestAlgorithm, RtspServer, load_clip
from surveil.simulate.service import MAX_CONNECTIONS

PASSWORD = "s3cret:pass/word"
OPTIONS = {"timeout": "10000000"}


@pytest.fixture
def server(clip: Path) -> Iterator[RtspServer]:
    with RtspServer({"lobby": clip}) as running:
        yield running


def test_a_camera_named_after_a_file_whose_name_is_no_text_plays(clip: Path) -> None:
    with (
        RtspServer({"caf\udce9 \x9b": clip}) as server,
        av.open(server.url("caf\udce9 \x9b"), options=OPTIONS) as them,
    ):
        assert next(them.decode(video=0)).width == 160


def test_clients_that_are_too_many_are_turned_away_and_told_of(server: RtspServer) -> None:
    assert describe_losses(server) == []
    with ExitStack() as opened:
        for _ in range(MAX_CONNECTIONS + 1):
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        until(lambda: server.turned_away == 1, "one turned away", 20.0)
    assert describe_losses(server) == ["1 clients were turned away: too many at once"]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_pyav_plays_on_over_the_end_of_the_clip(
    clips: dict[str, Path], codec: str, transport: str
) -> None:
    with (
        RtspServer({"front door": clips[codec]}) as server,
        av.open(server.url("front door"), options={**OPTIONS, "rtsp_transport": transport}) as them,
    ):
        stream = them.streams.video[0]
        assert stream.codec_context.name == codec
        frames = list(islice(them.decode(stream), 80))
    assert {(frame.width, frame.height) for frame in frames} == {(160, 128)}
    assert not any(frame.is_corrupt for frame in frames)
    # FFmpeg leaves the first picture without.
    stamps = [frame.pts for frame in frames[1:] if frame.pts is not None]
    assert len(stamps) == 79
    assert {later - earlier for earlier, later in pairwise(stamps)} == {90_000 // 50}


def test_many_clients_see_many_cameras(clips: dict[str, Path]) -> None:
    with RtspServer(clips) as server:
        opened = [
            av.open(server.url(name), options={**OPTIONS, "rtsp_transport": "tcp"})
            for name in server.streams
            for _ in range(3)
        ]
        for container in opened:
            assert len(list(islice(container.decode(video=0), 5))) == 5
        assert sum(server.stats(name).viewers for name in server.streams) == len(opened)
        for container in opened:
            container.close()


def test_password_opens_and_a_wrong_one_does_not(clip: Path) -> None:
    with RtspServer({"lobby": clip}, username="eve", password=PASSWORD) as server:
        address = server.url("lobby").removeprefix("rtsp://")
        with av.open(f"rtsp://eve:s3cret%3Apass%2Fword@{address}", options=OPTIONS) as them:
            assert next(them.decode(video=0)).width == 160
        for login in ("eve:wrong@", ""):
            with pytest.raises(av.error.HTTPUnauthorizedError):
                av.open(f"rtsp://{login}{address}", options=OPTIONS)


@pytest.mark.parametrize("algorithm", DigestAlgorithm)
def test_digest_in_both_hashes(
    clip: Path, connect: Callable[..., Any], algorithm: DigestAlgorithm
) -> None:
    with RtspServer(
        {"lobby": clip}, username="eve", password=PASSWORD, algorithm=algorithm
    ) as server:
        client = connect(server.port, password=PASSWORD)
        client.play()
        assert client.picture()
        assert connect(server.port, password="wrong").ask("DESCRIBE").status == 401
        assert connect(server.port).ask("OPTIONS").status == 200
        # Who may not look does not learn which cameras there are.
        assert connect(server.port, "nowhere").ask("DESCRIBE").status == 401


def test_unknown_camera_is_not_found(server: RtspServer) -> None:
    with pytest.raises(av.error.HTTPNotFoundError):
        av.open(f"rtsp://127.0.0.1:{server.port}/nowhere", options=OPTIONS)


def test_wrong_requests_have_their_own_answers(
    server: RtspServer, connect: Callable[..., Any]
) -> None:
    client = connect(server.port)
    setup = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    assert client.ask("DESCRIBE", Accept="text/html").status == 406
    assert client.ask("SETUP", Transport="RTP/AVP;multicast").status == 461
    assert client.ask("SETUP", Session="nope", **setup).status == 454
    assert client.ask("PLAY").status == 455
    assert client.ask("PLAY", Session="nope").status == 454
    assert client.ask("RECORD").status == 501
    assert client.ask("OPTIONS", version="2.0").status == 505
    assert client.ask("OPTIONS", Require="implicit-play").status == 551
    answers = [client.ask("SETUP", **setup).status for _ in range(9)]
    assert answers == [200] * 8 + [453]
    client.send(b"nonsense\r\n\r\n")
    assert client.answer().status == 400
    with pytest.raises(EOFError):
        client.answer()


def test_session_lives_through_keep_alive_pause_and_teardown(
    server: RtspServer, connect: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    client = connect(server.port)
    info = client.play().headers["rtp-info"]
    first = client.packet()
    assert f"seq={first.sequence};rtptime={first.stamp}" in info
    assert client.ask("GET_PARAMETER", Session=client.session).status == 200
    assert client.ask("PAUSE", Session=client.session).status == 200
    assert server.stats("lobby").viewers == 0
    client.packets.clear()
    assert client.ask("GET_PARAMETER", Session=client.session).status == 200
    assert not client.packets
    assert client.ask("PLAY", Session=client.session).status == 200
    assert client.picture()
    assert client.ask("TEARDOWN", Session=client.session).status == 200
    assert client.ask("GET_PARAMETER", Session=client.session).status == 454
    wait_for(lambda: server.stats("lobby").viewers == 0)


def test_udp_arrives_with_reports(server: RtspServer, connect: Callable[..., Any]) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
    ):
        for one in (rtp, rtcp):
            one.bind(("127.0.0.1", 0))
            one.settimeout(10)
        ports = f"{rtp.getsockname()[1]}-{rtcp.getsockname()[1]}"
        client = connect(server.port)
        client.play(f"RTP/AVP;unicast;client_port={ports}")
        packet, report = rtp.recv(2048), rtcp.recv(2048)
    assert packet[0] == 0x80
    assert (report[1], report[4:8]) == (200, packet[8:12])


def test_client_that_vanishes_is_forgotten(
    server: RtspServer, connect: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    client = connect(server.port)
    client.play()
    client.packet()
    assert server.stats("lobby").joined == 1
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    wait_for(lambda: server.stats("lobby").viewers == 0)


def test_silent_client_is_cut_off(clip: Path, connect: Callable[..., Any]) -> None:
    with RtspServer({"lobby": clip}, session_timeout_s=1) as server:
        client = connect(server.port)
        client.play("RTP/AVP;unicast;client_port=9-10")
        with pytest.raises((EOFError, ConnectionResetError)):
            client.answer()


def test_end_of_the_server_ends_clients_in_order(clip: Path) -> None:
    with RtspServer({"lobby": clip}) as server:
        them = av.open(server.url("lobby"), options={**OPTIONS, "rtsp_transport": "tcp"})
        next(them.decode(video=0))
    with them:
        assert sum(1 for _ in them.decode(video=0)) < 100  # what was under way, then the end
    with pytest.raises(ConnectionRefusedError):
        av.open(server.url("lobby"), options=OPTIONS)


def test_port_in_use_names_its_owner(server: RtspServer, clip: Path) -> None:
    with pytest.raises(InUseError, match=r"in use by .+ \(pid \d+\)$"):
        RtspServer({"lobby": clip}, port=server.port).__enter__()


def test_clips_that_cannot_be_served_say_why(tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(b"no film" * 100)
    with pytest.raises(ClipError, match="cannot be read"):
        load_clip(noise)
    with pytest.raises(ClipError, match="No such file"):
        load_clip(tmp_path / "missing.mp4")
    audio = tmp_path / "audio.wav"
    with av.open(str(audio), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(ClipError, match="no video"):
        load_clip(audio)
    other = tmp_path / "other.mkv"
    with av.open(str(other), "w") as container:
        video = container.add_stream("ffv1", rate=5)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        container.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(video.encode())
    with pytest.raises(ClipError, match="ffv1 cannot be served"):
        load_clip(other)
    with pytest.raises(ConfigError, match="no clip"):
        RtspServer({})
