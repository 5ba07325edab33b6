"""What FFmpeg is told to open, and what its errors mean."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any
from urllib.parse import unquote, urlsplit

import av.error
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.domain import Reason
from surveil.secrets import Secret
from surveil.sources.failure import SourceError
from surveil.sources.lookup import HostLookup
from surveil.sources.options import SourceOptions
from surveil.sources.reasons import classify
from surveil.sources.registry import resolve


def options(url: str, **changes: Any) -> SourceOptions:
    return SourceOptions(camera="c", url=url, **changes)


@given(username=st.text(min_size=1, max_size=20), password=st.text(max_size=40))
def test_any_credentials_survive_the_url(username: str, password: str) -> None:
    try:
        (username + password).encode()
    except UnicodeEncodeError:
        return  # lone surrogates cannot be typed
    # Secrets are redacted everywhere from now on: make it one that nothing else will print.
    password = f"canary-7351-{password}"
    address = resolve(
        options("rtsp://10.0.0.5:8554/a?b=c", username=username, password=Secret(password))
    )
    parts = urlsplit(address.url)
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("10.0.0.5", 8554, "/a", "b=c")
    user, _, word = parts.netloc.rpartition("@")[0].partition(":")
    assert (unquote(user), unquote(word)) == (username, password)


def test_an_address_does_not_show_its_credentials() -> None:
    address = resolve(options("rtsp://h/x", username="me", password=Secret("canary-1234")))
    assert "canary" not in repr(address)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("rtsp://cam/x", "cam", 554),
        ("rtsps://cam/x", "cam", 322),
        ("rtsp://[fe80::1]:8554/x", "fe80::1", 8554),
    ],
)
def test_hosts_and_ports(url: str, host: str, port: int) -> None:
    address = resolve(options(url, transport="udp", stall_timeout_s=3, connect_timeout_s=20))
    assert (address.host, address.port) == (host, port)
    assert address.is_live
    assert address.options["rtsp_transport"] == "udp"
    assert address.options["timeout"] == "22000000"  # microseconds, behind the longest of ours
    assert "file" not in address.options["protocol_whitelist"].split(",")


def test_the_zone_of_an_ipv6_address_is_looked_up_as_it_is() -> None:
    address = resolve(options("rtsp://[fe80::1%25eth0]:8554/a%20b"))
    assert (address.host, address.port) == ("fe80::1%eth0", 8554)
    assert address.url == "rtsp://[fe80::1%eth0]:8554/a%20b"


@pytest.mark.parametrize("zone", ["nowhere0", "4000000000", "9" * 40])
def test_an_interface_that_is_not_there_is_told_as_such(zone: str) -> None:
    address = resolve(options(f"rtsp://[fe80::1%25{zone}]/x"))
    with pytest.raises(SourceError, match=f"no network interface {zone}; there are .*lo") as caught:
        HostLookup().check(address, 60.0)
    assert caught.value.failure.reason is Reason.UNREACHABLE


def test_an_interface_that_is_there_is_looked_up() -> None:
    HostLookup().check(resolve(options("rtsp://[fe80::1%25lo]/x")), 60.0)


def test_usb_and_files() -> None:
    assert resolve(options("usb:0")).url == "/dev/video0"
    assert resolve(options("usb:/dev/video2")).url == "/dev/video2"
    # A name that looks like another protocol is still a name.
    address = resolve(options("file:concat:a|b"))
    assert address.url == "file:concat:a|b"
    assert address.options["protocol_whitelist"] == "file"
    assert not {"hls", "concat", "sdp", "rtsp"} & set(
        address.options["format_whitelist"].split(",")
    )


@pytest.mark.parametrize(
    "url", ["http://h/x", "concat:a", "rtsp:///x", "rtsp://h:99999/x", "file:", "usb:../x", "x", ""]
)
def test_other_sources_are_refused(url: str) -> None:
    with pytest.raises(SourceError):
        resolve(options(url))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (av.error.HTTPUnauthorizedError(1, "401"), Reason.AUTH_FAILED),
        (av.error.HTTPForbiddenError(1, "403"), Reason.AUTH_FAILED),
        (av.error.HTTPNotFoundError(1, "404"), Reason.NOT_FOUND),
        (av.error.HTTPServerError(1, "503"), Reason.REFUSED),
        (av.error.HTTPOtherClientError(1, "453"), Reason.REFUSED),
        (av.error.DecoderNotFoundError(1, "no decoder"), Reason.CODEC_UNSUPPORTED),
        (av.error.PatchWelcomeError(1, "not yet"), Reason.CODEC_UNSUPPORTED),
        (av.error.EOFError(1, "end"), Reason.STREAM_ENDED),
        (av.error.InvalidDataError(1094995529, "invalid"), Reason.STREAM_BROKEN),
        (socket.gaierror(1, "no name"), Reason.UNREACHABLE),
        *[
            (av.error.OSError(number, os.strerror(number)), reason)
            for number, reason in {
                errno.ECONNREFUSED: Reason.REFUSED,
                errno.ETIMEDOUT: Reason.TIMEOUT,
                errno.EHOSTUNREACH: Reason.UNREACHABLE,
                errno.ENETUNREACH: Reason.UNREACHABLE,
                errno.ENOENT: Reason.NOT_FOUND,
                errno.EBUSY: Reason.REFUSED,
                errno.ECONNRESET: Reason.STREAM_BROKEN,
                errno.EIO: Reason.STREAM_BROKEN,
            }.items()
        ],
    ],
)
def test_errors_have_reasons(error: Exception, reason: Reason) -> None:
    assert classify(error).reason is reason


def test_a_detail_never_quotes_the_url() -> None:
    url = "rtsp://me:canary-5678@h/x"
    error = av.error.ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused", url)
    assert "canary" in str(error)
    assert classify(error).detail == "Connection refused"


def test_a_detail_is_redacted_by_value() -> None:
    secret = Secret("canary-9012")
    error = av.error.OSError(errno.EIO, f"cannot log in with {secret.reveal()}")
    assert "canary" not in classify(error).detail
