"""Why a source cannot be opened, beyond FFmpeg's error."""

from __future__ import annotations

import errno

import av.error
import pytest

from surveil.domain import Reason
from surveil.sources.address import Address
from surveil.sources.inquiry import explain
from surveil.sources.options import SourceOptions


@pytest.mark.parametrize(
    ("number", "reason", "words"),
    [
        (errno.ENOENT, Reason.NOT_FOUND, "there is no /dev/video0; `ls /dev/video*` shows"),
        (errno.EBUSY, Reason.REFUSED, "busy"),
    ],
)
def test_a_usb_camera_that_is_not_there_is_named(number: int, reason: Reason, words: str) -> None:
    error = av.error.FFmpegError(number, "Device or resource busy")
    address = Address(url="/dev/video0", format="v4l2", options={}, is_live=True)
    failure = explain(error, SourceOptions(camera="desk", url="usb:0"), address)
    assert failure.reason is reason
    assert words in failure.detail
