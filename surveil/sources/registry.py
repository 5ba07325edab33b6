"""The kinds of sources, registered here and nowhere else.

To add one, write a file beside ``rtsp.py`` that ends in a
:class:`~surveil.sources.address.SourceKind`, and name it in ``KINDS``. The configuration derives
its allow-list from ``BY_SCHEME``, and the capture process opens what ``resolve`` gives.
"""

from __future__ import annotations

from surveil.domain import Reason
from surveil.sources.address import Address, SourceKind
from surveil.sources.failure import Failure, SourceError
from surveil.sources.options import SourceOptions
from surveil.sources.rtsp import RTSP
from surveil.sources.usb import USB
from surveil.sources.video_file import VIDEO_FILE

KINDS: tuple[SourceKind, ...] = (RTSP, USB, VIDEO_FILE)
"""All of them, in the order in which people are told of them."""

BY_SCHEME = {scheme: kind for kind in KINDS for scheme in kind.schemes}
"""What a source may start with. All else, such as ``concat:`` or ``http:``, is refused before
FFmpeg sees it."""


def resolve(options: SourceOptions) -> Address:
    """Return what FFmpeg is to open.

    Raises:
        SourceError: There is no such kind of source, or the address is malformed.
    """
    scheme = options.url.partition(":")[0]
    kind = BY_SCHEME.get(scheme)
    if kind is None:
        raise SourceError(Failure(Reason.NOT_FOUND, f"no such kind of source: {scheme}:"))
    return kind.resolve(options)
