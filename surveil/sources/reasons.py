"""What FFmpeg's errors mean for a camera.

FFmpeg's messages are not passed on: they quote the URL, credentials and all. Only the system's text
of an error number is used, and it is redacted by value on top of that.
"""

from __future__ import annotations

import errno
import socket

import av.error

from surveil.domain import Reason
from surveil.secrets import redact
from surveil.sources.failure import Failure

_BY_CLASS: tuple[tuple[type[Exception], Reason], ...] = (
    (av.error.HTTPUnauthorizedError, Reason.AUTH_FAILED),
    (av.error.HTTPForbiddenError, Reason.AUTH_FAILED),
    (av.error.HTTPNotFoundError, Reason.NOT_FOUND),
    # Too many sessions, not enough bandwidth, transport refused: the server is there and says no.
    (av.error.HTTPError, Reason.REFUSED),
    (av.error.HTTPClientError, Reason.REFUSED),
    (av.error.DecoderNotFoundError, Reason.CODEC_UNSUPPORTED),
    (av.error.PatchWelcomeError, Reason.CODEC_UNSUPPORTED),
    (av.error.EOFError, Reason.STREAM_ENDED),
    (socket.gaierror, Reason.UNREACHABLE),
)
_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.EACCES: Reason.REFUSED,
    errno.EPERM: Reason.REFUSED,
    errno.EBUSY: Reason.REFUSED,
    errno.ETIMEDOUT: Reason.TIMEOUT,
    errno.ENOMEM: Reason.MEMORY_LIMIT,
    errno.ENOENT: Reason.NOT_FOUND,
    errno.ENODEV: Reason.NOT_FOUND,
    errno.ENXIO: Reason.NOT_FOUND,
    errno.ENOTDIR: Reason.NOT_FOUND,
    errno.EISDIR: Reason.NOT_FOUND,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.ENETDOWN: Reason.UNREACHABLE,
    errno.EADDRNOTAVAIL: Reason.UNREACHABLE,
}


def classify(error: Exception) -> Failure:
    """Return why ``error`` ended an attempt; what nobody knows is a broken stream."""
    text = getattr(error, "strerror", None) or type(error).__name__
    detail = redact(str(text))
    for kind, reason in _BY_CLASS:
        if isinstance(error, kind):
            return Failure(reason, detail)
    if isinstance(error, av.error.ArgumentError):
        # FFmpeg's answer to what is on none of our allow-lists.
        return Failure(Reason.STREAM_BROKEN, "not a kind of stream or file that is read here")
    number = getattr(error, "errno", None)
    return Failure(_BY_ERRNO.get(number or 0, Reason.STREAM_BROKEN), detail)
