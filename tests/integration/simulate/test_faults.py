"""Every fault, as it looks on the wire."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from surveil.errors import ConfigError
from surveil.simulate import Fault, RtspServer, load_clip, parse_fault

OPTIONS = {"timeout": "10000000", "rtsp_transport": "tcp"}
TICKS = 90_000 // 50


@pytest.fixture
def server(clip: Path) -> Iterator[RtspServer]:
    with RtspServer({"lobby": clip, "other": clip}) as running:
        yield running


@pytest.fixture
def client(server: RtspServer, connect: Callable[..., Any]) -> Any:
    playing = connect(server.port)
    playing.play()
    playing.picture()
    return playing


def withhold(
    server: RtspServer, client: Any, fault: Fault, wait_for: Callable[..., None]
) -> tuple[Any, Any]:
    """Let a fault take five pictures; return the last packet before and the first after it."""
    server.fault("lobby", fault, math.inf)
    wait_for(lambda: server.stats("lobby").withheld >= 5)
    # The connection still answers; what was sent before the fault has arrived with the answer.
    assert client.ask("GET_PARAMETER", Session=client.session).status == 200
    before = client.packets[-1] if client.packets else None
    client.packets.clear()
    server.clear()
    return before, client.packet()


def test_stall_holds_pictures_back_and_goes_on_without_a_hole(
    server: RtspServer, client: Any, wait_for: Callable[..., None]
) -> None:
    client.packets.append(client.packet())
    before, after = withhold(server, client, Fault.STALL, wait_for)
    assert (after.sequence - before.sequence) % 65536 == 1
    assert (after.stamp - before.stamp) % 2**32 > 3 * TICKS


def test_gap_looks_like_lost_packets(
    server: RtspServer, client: Any, wait_for: Callable[..., None]
) -> None:
    client.packets.append(client.packet())
    before, after = withhold(server, client, Fault.GAP, wait_for)
    assert (after.sequence - before.sequence) % 65536 > 5
    assert (after.stamp - before.stamp) % 2**32 > 3 * TICKS


def test_drop_cuts_players_who_may_come_back(
    server: RtspServer, client: Any, connect: Callable[..., Any]
) -> None:
    other = connect(server.port, "other")
    other.play()
    server.fault("lobby", Fault.DROP)
    with pytest.raises((EOFError, ConnectionResetError)):
        client.read_to_the_end()
    assert other.picture()
    assert server.stats("lobby").cut == 1
    server.clear()
    again = connect(server.port)
    again.play()
    assert again.picture()


def test_refuse_cuts_one_camera_and_leaves_the_others(
    server: RtspServer, client: Any, connect: Callable[..., Any]
) -> None:
    server.fault("lobby", Fault.REFUSE, math.inf)
    with pytest.raises((EOFError, ConnectionResetError)):
        client.read_to_the_end()
    with pytest.raises((EOFError, ConnectionResetError)):
        connect(server.port).ask("DESCRIBE")
    other = connect(server.port, "other")
    other.play()
    assert other.picture()


def test_port_is_closed_while_all_refuse(
    server: RtspServer, connect: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    def is_refused() -> bool:
        try:
            connect(server.port)
        except ConnectionRefusedError:
            return True
        return False

    server.fault("*", Fault.REFUSE, math.inf)
    wait_for(is_refused)
    with pytest.raises(ConnectionRefusedError):
        av.open(server.url("lobby"), options=OPTIONS)
    server.clear()
    wait_for(lambda: not is_refused())
    with av.open(server.url("lobby"), options=OPTIONS) as them:
        assert next(them.decode(video=0)).width == 160


def test_garbage_keeps_headers_and_spoils_the_rest(
    server: RtspServer, client: Any, clip: Path
) -> None:
    true_payloads = {payload for one in load_clip(clip).pictures for payload in one.payloads}
    assert all(packet.payload in true_payloads for packet in client.picture())
    server.fault("lobby", Fault.GARBAGE, math.inf)
    client.packets.clear()
    starts = {payload[:2] for payload in true_payloads}
    seen = [packet for _ in range(10) for packet in client.picture()]
    assert any(packet.payload not in true_payloads for packet in seen)
    assert all(packet.payload[:2] in starts for packet in seen)
    assert sum(packet.payload[0] & 0x1F == 7 for packet in seen) <= 2  # not keyframes alone


def test_freeze_repeats_one_picture_with_moving_stamps(server: RtspServer, client: Any) -> None:
    server.fault("lobby", Fault.FREEZE, math.inf)
    pictures = [client.picture() for _ in range(80)][-30:]  # more than a keyframe interval
    assert len({tuple(packet.payload for packet in one) for one in pictures}) == 1
    stamps = [one[0].stamp for one in pictures]
    assert {(b - a) % 2**32 for a, b in pairwise(stamps)} == {TICKS}


def test_resize_shows_another_size_and_then_the_own_again(server: RtspServer) -> None:
    with av.open(server.url("lobby"), options=OPTIONS) as them:
        frames = them.decode(video=0)
        assert next(frames).width == 160
        server.fault("lobby", Fault.RESIZE, math.inf)
        small = next(frame for frame in frames if frame.width != 160)
        assert (small.width, small.height) == (80, 64)
        server.clear()
        assert next(frame for frame in frames if frame.width == 160)


def test_loss_leaves_holes(server: RtspServer, client: Any) -> None:
    server.fault("lobby", Fault.LOSS, math.inf, value=0.5)
    numbers = [client.packet().sequence for _ in range(60)]
    steps = {(b - a) % 65536 for a, b in pairwise(numbers)}
    assert max(steps) > 1
    assert server.stats("lobby").withheld == 0


def test_auth_locks_out_newcomers(clip: Path, connect: Callable[..., Any]) -> None:
    with RtspServer({"lobby": clip}, username="eve", password="s3cret") as server:
        playing = connect(server.port, password="s3cret")
        playing.play()
        server.fault("lobby", Fault.AUTH, math.inf)
        assert connect(server.port, password="s3cret").ask("DESCRIBE").status == 401
        playing.packets.clear()
        assert playing.picture()
        server.clear()
        assert connect(server.port, password="s3cret").ask("DESCRIBE").status == 200


def test_schedule_and_commands_start_faults(
    clip: Path, connect: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    with RtspServer({"lobby": clip}, faults=[parse_fault("*:stall+0")]) as server:
        client = connect(server.port)
        client.play()
        wait_for(lambda: server.stats("lobby").withheld >= 3)
        assert server.stats("lobby").sent == 0
        server.clear()
        assert client.picture()
        server.command("lobby:gap@0+0")
        withheld = server.stats("lobby").withheld
        wait_for(lambda: server.stats("lobby").withheld > withheld)
        with pytest.raises(ConfigError, match="no such stream"):
            server.command("nowhere:stall")
    with pytest.raises(ConfigError, match="no such stream"):
        RtspServer({"lobby": clip}, faults=[parse_fault("nowhere:stall")])
