"""Why a camera is dark, in words that send the operator the right way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
from kit.rtsp import ScriptedCamera

from surveil.domain import Reason
from surveil.secrets import Secret
from surveil.sources.options import SourceOptions
from surveil.sources.probe import probe

Watch = Callable[[SourceOptions], Any]


@pytest.mark.parametrize(("transport", "other"), [("tcp", "udp"), ("udp", "tcp")])
def test_a_refused_transport_names_the_other(
    options: SourceOptions, transport: Literal["tcp", "udp"], other: str
) -> None:
    with ScriptedCamera(answers={"SETUP": "461 Unsupported Transport"}) as camera:
        report = probe(replace(options, url=camera.url, transport=transport))
    assert report.reason is Reason.REFUSED
    assert report.detail.endswith(f"try transport: {other}")


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Moved Temporarily"])
def test_a_redirection_says_where_to_and_is_not_followed(
    options: SourceOptions, status: str
) -> None:
    with ScriptedCamera() as other:
        url = other.url
        place = url.replace("//", "//user:canary-of-a-redirection@") + "?key=canary-too"
        answer = f"{status}\r\nLocation: {place}"
        with ScriptedCamera(answers={"DESCRIBE": answer}) as camera:
            report = probe(replace(options, url=camera.url))
    assert report.reason is Reason.NOT_FOUND
    assert report.detail == f"the camera redirects to {url}; name that address as the source"
    assert not other.requests


def test_a_digest_that_is_not_supported_is_no_wrong_password(options: SourceOptions) -> None:
    challenge = 'WWW-Authenticate: Digest realm="x", nonce="y", algorithm=SHA-256, qop="auth"'
    with ScriptedCamera(answers={"DESCRIBE": f"401 Unauthorized\r\n{challenge}"}) as camera:
        options = replace(options, url=camera.url, username="u", password=Secret("canary-of-one"))
        report = probe(options)
    assert report.reason is Reason.AUTH_UNSUPPORTED
    assert "SHA-256" in report.detail


@pytest.mark.parametrize("challenge", ["Digest realm=x, nonce=y", "Basic realm=x"])
def test_a_wrong_password_stays_one(options: SourceOptions, challenge: str) -> None:
    answer = f"401 Unauthorized\r\nWWW-Authenticate: {challenge}"
    with ScriptedCamera(answers={"DESCRIBE": answer}) as camera:
        options = replace(options, url=camera.url, username="u", password=Secret("canary-of-two"))
        assert probe(options).reason is Reason.AUTH_FAILED


def test_a_codec_without_decoder_is_told(options: SourceOptions) -> None:
    sdp = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 JPEG2000/90000\r\na=control:trackID=0\r\n"
    with ScriptedCamera(sdp=sdp) as camera:
        report = probe(replace(options, url=camera.url, first_frame_timeout_s=1))
    assert report.reason is Reason.CODEC_UNSUPPORTED
    assert "H.264" in report.detail


def test_name_servers_that_do_not_answer_are_unreachable(
    options: SourceOptions, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering, lookups = threading.Event(), []

    def look_up(*arguments: object, **named: object) -> list[Any]:
        lookups.append(arguments)
        answering.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    session = watch(replace(options, url="rtsp://camera.example/x", connect_timeout_s=0.2))
    session.sink.wait_for(lambda: len(session.sink.retries) >= 2)
    record = session.sink.states[1]
    assert (record.state, record.reason) == ("offline", "unreachable")
    assert record.detail == "no name server answered within 0.2 s for camera.example"
    assert len(lookups) == 1  # the next attempts wait for the same one
    answering.set()
    session.stop()
