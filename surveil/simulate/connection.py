"""One client's RTSP connection: requests in, responses and interleaved packets out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass

from surveil.simulate.camera import Camera, Viewer
from surveil.simulate.channel import (
    InterleavedChannel,
    UdpChannel,
    UdpPorts,
    parse_transport,
)
from surveil.simulate.digest import DigestGuard, Verdict
from surveil.simulate.fault import Fault
from surveil.simulate.message import (
    MalformedRequestError,
    Request,
    format_response,
    read_request,
)
from surveil.simulate.rtp import RtpSender
from surveil.simulate.sdp import CONTROL, describe, payload_type

MAX_SESSIONS = 8
"""Sessions set up over one connection."""

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Session:
    """A camera set up for one client. ``joining`` is the task that starts its pictures."""

    id: str
    camera: Camera
    viewer: Viewer
    client_ports: tuple[int, int] | None
    is_playing: bool = False
    joining: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Send no more pictures."""
        self.is_playing = False
        if self.joining is not None:
            self.joining.cancel()
        self.camera.leave(self.viewer)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is text; ``play`` starts after it has been written."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    play: tuple[Session, int] | None = None


def _answer(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()})


class Connection:
    """Serves one client until it leaves, times out or is cut off.

    Args:
        cameras: By name.
        guard: ``None`` lets everybody in.
        udp: The server's UDP sockets.
        timeout_s: Announced to clients, which must give a sign of life within it.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        cameras: Mapping[str, Camera],
        guard: DigestGuard | None,
        udp: UdpPorts,
        timeout_s: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._cameras = cameras
        self._guard = guard
        self._udp = udp
        self._timeout_s = timeout_s
        self._sessions: dict[str, Session] = {}
        self._nonces: set[str] = set()
        self.host = str(writer.get_extra_info("peername")[0])
        self.local_host = str(writer.get_extra_info("sockname")[0])
        self.active_s = time.monotonic()

    async def serve(self) -> None:
        """Answer requests; returns when the connection has ended, with nothing left behind."""
        try:
            while True:
                request = await read_request(self._reader)
                self.active_s = time.monotonic()
                if request is not None:
                    self._respond(request)
        except MalformedRequestError:
            self._writer.write(format_response(400, None, {"Connection": "close"}))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            for session in self._sessions.values():
                session.stop()
            self._sessions.clear()
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def abort(self) -> None:
        """Reset the connection: the client sees ECONNRESET, not an orderly end."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def is_expired(self, now_s: float) -> bool:
        """Return whether the client has been silent for longer than agreed, and a tenth more."""
        return now_s - self.active_s > 1.1 * self._timeout_s

    def owns_udp(self, host: str, port: int) -> bool:
        """Return whether a UDP packet from there belongs to one of the sessions."""
        return host == self.host and any(
            session.client_ports is not None and port in session.client_ports
            for session in self._sessions.values()
        )

    def finish(self) -> None:
        """Tell a playing client that the server ends, and close in order."""
        for session in self._sessions.values():
            if session.is_playing:
                session.viewer.sender.bye()
            session.stop()
        self._writer.close()

    # --- requests

    def _respond(self, request: Request) -> None:
        camera = self._cameras.get(request.stream)
        if camera is not None and Fault.REFUSE in camera.active():
            self.abort()
            return
        answer = self._answer(request, camera)
        _log.debug("%s %s from %s: %d", request.method, request.stream, self.host, answer.status)
        headers = {"Server": "surveil simulator", **answer.headers}
        sequence = request.headers.get("cseq")
        self._writer.write(format_response(answer.status, sequence, headers, answer.body))
        if answer.play is not None:
            session, index = answer.play
            session.is_playing = True
            session.viewer.waits_for_key = True
            session.joining = asyncio.create_task(session.camera.join(session.viewer, index))

    def _answer(self, request: Request, camera: Camera | None) -> Answer:
        if request.version != "RTSP/1.0":
            return _answer(505)
        if "cseq" not in request.headers:
            return _answer(400)
        if "require" in request.headers:
            return _answer(551, Unsupported=request.headers["require"])
        if request.method == "OPTIONS":
            return _answer(200, Public=_METHODS)
        refused = self._judge(request, camera)
        if refused is not None:
            return refused
        match request.method:
            case "DESCRIBE":
                return self._describe(request, camera)
            case "SETUP":
                return self._set_up(request, camera)
            case "PLAY":
                return self._play(request)
            case "PAUSE":
                return self._pause(request)
            case "TEARDOWN":
                return self._tear_down(request)
            case "GET_PARAMETER":
                return self._get_parameter(request)
        return _answer(501, Public=_METHODS)

    def _judge(self, request: Request, camera: Camera | None) -> Answer | None:
        if self._guard is None:
            is_denied = camera is not None and Fault.AUTH in camera.active()
            return _answer(401, WWW_Authenticate='Basic realm="locked"') if is_denied else None
        header = request.headers.get("authorization")
        verdict = self._guard.judge(request.method, request.uri, header, self._nonces)
        if camera is not None and Fault.AUTH in camera.active():
            verdict = Verdict.BAD
        if verdict is Verdict.GOOD:
            return None
        challenge = self._guard.challenge(is_stale=verdict is Verdict.STALE)
        return _answer(401, WWW_Authenticate=challenge)

    def _describe(self, request: Request, camera: Camera | None) -> Answer:
        if camera is None:
            return _answer(404)
        accepted = request.headers.get("accept", "application/sdp")
        if "application/sdp" not in accepted and "*" not in accepted:
            return _answer(406)
        base = request.uri.partition("?")[0].rstrip("/") + "/"
        number = int(camera.epoch_wall_s)
        text = describe(camera.name, camera.clip, self.local_host, number)
        headers = {"Content-Base": base, "Content-Type": "application/sdp"}
        return Answer(200, headers, text.encode())

    def _set_up(self, request: Request, camera: Camera | None) -> Answer:
        if camera is None:
            return _answer(404)
        if request.session is not None:
            # One medium per camera: a second SETUP in a session has nothing left to set up.
            known = request.session in self._sessions
            return _answer(455 if known else 454)
        if len(self._sessions) >= MAX_SESSIONS:
            return _answer(453)
        first = 2 * len(self._sessions)
        wanted = parse_transport(request.headers.get("transport", ""), (first, first + 1))
        if wanted is None:
            return _answer(461)
        low, high = wanted.ports
        if wanted.is_interleaved:
            sender = RtpSender(
                InterleavedChannel(self._writer, wanted.ports), payload_type(camera.clip)
            )
            transport = f"RTP/AVP/TCP;unicast;interleaved={low}-{high}"
        else:
            sender = RtpSender(
                UdpChannel(self._udp, self.host, wanted.ports), payload_type(camera.clip)
            )
            rtp, rtcp = self._udp.ports
            transport = f"RTP/AVP;unicast;client_port={low}-{high};server_port={rtp}-{rtcp}"
        session = Session(
            secrets.token_hex(8),
            camera,
            Viewer(sender, self.abort),
            None if wanted.is_interleaved else wanted.ports,
        )
        self._sessions[session.id] = session
        return _answer(
            200,
            Transport=f'{transport};ssrc={sender.ssrc:08X};mode="PLAY"',
            Session=f"{session.id};timeout={self._timeout_s}",
        )

    def _play(self, request: Request) -> Answer:
        session = self._sessions.get(request.session or "")
        if session is None:
            return _answer(454 if request.session else 455)
        headers = {"Session": session.id, "Range": "npt=now-"}
        if session.is_playing:
            return Answer(200, headers)
        index, ticks = session.camera.first_picture()
        sender = session.viewer.sender
        url = f"{request.uri.partition('?')[0].rstrip('/')}"
        if not url.endswith(CONTROL):
            url = f"{url}/{CONTROL}"
        headers["RTP-Info"] = f"url={url};seq={sender.sequence};rtptime={sender.clock(ticks)}"
        return Answer(200, headers, play=(session, index))

    def _pause(self, request: Request) -> Answer:
        session = self._sessions.get(request.session or "")
        if session is None:
            return _answer(454)
        session.stop()
        return _answer(200, Session=session.id)

    def _tear_down(self, request: Request) -> Answer:
        session = self._sessions.pop(request.session or "", None)
        if session is None:
            return _answer(454)
        session.stop()
        return _answer(200)

    def _get_parameter(self, request: Request) -> Answer:
        """Keep-alive. There are no parameters to ask for."""
        if request.session is None:
            return _answer(200)
        if request.session not in self._sessions:
            return _answer(454)
        return _answer(200, Session=request.session)
