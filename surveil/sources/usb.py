"""Cameras at this host's USB."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from surveil.domain import Reason
from surveil.sources.address import LIVE_CODECS, Address, SourceKind
from surveil.sources.failure import Failure, SourceError
from surveil.sources.options import SourceOptions

_DEVICE = re.compile(r"\d{1,3}|/dev/[A-Za-z0-9_./:-]+")


def _check(address: str, base: Path) -> str:
    if not _DEVICE.fullmatch(address.removeprefix("usb:")):
        raise ValueError("must be usb:NUMBER or usb:/dev/DEVICE, such as usb:0")
    return address


def _resolve(options: SourceOptions) -> Address:
    name = options.url.removeprefix("usb:")
    if sys.platform == "darwin":
        url, kind = name, "avfoundation"
    else:
        url, kind = (f"/dev/video{name}" if name.isdecimal() else name), "v4l2"
        if not Path(url).match("/dev/*"):
            raise SourceError(Failure(Reason.NOT_FOUND, "a USB camera is usb:N or usb:/dev/NAME"))
    return Address(url=url, format=kind, options={"codec_whitelist": LIVE_CODECS}, is_live=True)


USB = SourceKind(schemes=("usb",), form="usb:0", check=_check, resolve=_resolve, is_exclusive=True)
