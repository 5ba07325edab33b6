"""Look a camera's host up, within a time that the resolver does not know.

FFmpeg reports an unknown name as any input/output error, and the system's resolver waits for name
servers that do not answer for half a minute, times the search domains of the host.
"""

from __future__ import annotations

import socket
import threading

from surveil.domain import Reason
from surveil.sources.address import Address
from surveil.sources.failure import Failure, SourceError


class HostLookup:
    """The lookups of one camera, one at a time; a late one goes on in its thread."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def check(self, address: Address, limit_s: float) -> None:
        """Return once the host is known; at once where there is none.

        Raises:
            SourceError: The name is not known, or nobody said within ``limit_s``, or the address
                names an interface that is not there (``unreachable``).
        """
        if address.host is None:
            return
        _check_interface(address.host)
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_up, args=(address,), daemon=True)
            self._thread.start()
        self._thread.join(limit_s)
        if self._thread.is_alive():
            detail = f"no name server answered within {limit_s:g} s for {address.host}"
            raise SourceError(Failure(Reason.UNREACHABLE, detail))
        self._thread = None
        if self._error is not None:
            detail = f"the host name {address.host} is not known"
            if isinstance(self._error, socket.gaierror) and self._error.errno == socket.EAI_AGAIN:
                detail = f"no name server answered for {address.host}"
            raise SourceError(Failure(Reason.UNREACHABLE, detail))

    def _look_up(self, address: Address) -> None:
        self._error = None
        try:
            socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self._error = error


def _check_interface(host: str) -> None:
    """Raise if the zone of a link-local address (RFC 4007) is no interface of this machine."""
    zone = host.partition("%")[2]
    if not zone:
        return
    try:
        if zone.isdecimal():
            socket.if_indextoname(int(zone))
        else:
            socket.if_nametoindex(zone)
    except (OSError, OverflowError, ValueError) as error:
        there = ", ".join(name for _, name in socket.if_nameindex())
        detail = f"this machine has no network interface {zone}; there are {there}"
        raise SourceError(Failure(Reason.UNREACHABLE, detail)) from error
