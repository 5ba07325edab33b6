"""One client's requests and their answers: the RTSP methods of RFC 2326 over its sessions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from surveil.simulate.camera import Camera, Viewer
from surveil.simulate.channel import InterleavedChannel, UdpChannel, UdpPorts, parse_transport
from surveil.simulate.digest import DigestGuard, Verdict
from surveil.simulate.fault import Fault
from surveil.simulate.message import Request
from surveil.simulate.rtp import RtpSender
from surveil.simulate.sdp import CONTROL, describe, payload_type

MAX_SESSIONS = 8
"""Sessions set up over one connection."""

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"


@dataclass(eq=False, slots=True)
class Session:
    """A camera set up for one client. ``joining`` is the task that starts its pictures."""

    id: str
    camera: Camera
    viewer: Viewer
    client_ports: tuple[int, int] | None
    is_playing: bool = False
    joining: asyncio.Task[None] | None = None

    def start(self, index: int) -> None:
        """Send pictures, from the camera's global ``index`` on."""
        self.is_playing = True
        self.viewer.waits_for_key = True
        self.joining = asyncio.create_task(self.camera.join(self.viewer, index))

    def stop(self) -> None:
        """Send no more pictures."""
        self.is_playing = False
        if self.joining is not None:
            self.joining.cancel()
        self.camera.leave(self.viewer)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is text; ``then`` is called once it has been written."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    then: Callable[[], None] | None = None


def _answer(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()})


class Dialogue:
    """Answers the requests of one connection. Keeps its sessions; writes nothing itself.

    Args:
        cameras: By name.
        guard: ``None`` lets everybody in.
        udp: The server's UDP sockets.
        writer: For channels within the connection; also tells both addresses.
        abort: Resets the connection.
        timeout_s: Announced to clients, which must give a sign of life within it.
    """

    def __init__(
        self,
        cameras: Mapping[str, Camera],
        guard: DigestGuard | None,
        udp: UdpPorts,
        writer: asyncio.StreamWriter,
        abort: Callable[[], None],
        timeout_s: int,
    ) -> None:
        self._cameras = cameras
        self._guard = guard
        self._udp = udp
        self._writer = writer
        self._abort = abort
        self._timeout_s = timeout_s
        self._nonces: set[str] = set()
        self.sessions: dict[str, Session] = {}
        # A client that is gone already has no address any more.
        self.host, self._local_host = (
            str((writer.get_extra_info(name) or ("",))[0]) for name in ("peername", "sockname")
        )

    def camera_of(self, request: Request) -> Camera | None:
        """Return the camera that a request is about."""
        return self._cameras.get(request.stream)

    def end(self, *, says_bye: bool = False) -> None:
        """Stop all sessions, and tell those that play if so wanted."""
        for session in self.sessions.values():
            if says_bye and session.is_playing:
                session.viewer.sender.bye()
            session.stop()
        self.sessions.clear()

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        camera = self.camera_of(request)
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
        text = describe(camera.name, camera.clip, self._local_host, number)
        headers = {"Content-Base": base, "Content-Type": "application/sdp"}
        return Answer(200, headers, text.encode())

    def _set_up(self, request: Request, camera: Camera | None) -> Answer:
        if camera is None:
            return _answer(404)
        if request.session is not None:
            # One medium per camera: a second SETUP in a session has nothing left to set up.
            known = request.session in self.sessions
            return _answer(455 if known else 454)
        if len(self.sessions) >= MAX_SESSIONS:
            return _answer(453)
        first = 2 * len(self.sessions)
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
            Viewer(sender, self._abort),
            None if wanted.is_interleaved else wanted.ports,
        )
        self.sessions[session.id] = session
        return _answer(
            200,
            Transport=f'{transport};ssrc={sender.ssrc:08X};mode="PLAY"',
            Session=f"{session.id};timeout={self._timeout_s}",
        )

    def _play(self, request: Request) -> Answer:
        session = self.sessions.get(request.session or "")
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
        return Answer(200, headers, then=partial(session.start, index))

    def _pause(self, request: Request) -> Answer:
        session = self.sessions.get(request.session or "")
        if session is None:
            return _answer(454)
        session.stop()
        return _answer(200, Session=session.id)

    def _tear_down(self, request: Request) -> Answer:
        session = self.sessions.pop(request.session or "", None)
        if session is None:
            return _answer(454)
        session.stop()
        return _answer(200)

    def _get_parameter(self, request: Request) -> Answer:
        """Keep-alive. There are no parameters to ask for."""
        if request.session is None:
            return _answer(200)
        if request.session not in self.sessions:
            return _answer(454)
        return _answer(200, Session=request.session)
