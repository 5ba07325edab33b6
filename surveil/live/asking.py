"""Ask a running daemon how it stands, over its HTTP port."""

from __future__ import annotations

import http.client
import ipaddress

from surveil.errors import UnavailableError
from surveil.live.status import DaemonStatus

TIMEOUT_S = 3.0
MOST_BYTES = 16 * 1024 * 1024


def ask_status(host: str, port: int, *, timeout_s: float = TIMEOUT_S) -> DaemonStatus:
    """Return how the daemon that listens there stands.

    Args:
        host: As in ``http.host``; where that means every interface, this machine is asked.
        port: As in ``http.port``.
        timeout_s: For connecting, and for each wait for a part of the answer.

    Raises:
        UnavailableError: Nobody answers there, or not a surveil that knows ``/status``.
    """
    where = f"http {host}:{port}"
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=timeout_s)
    try:
        connection.request("GET", "/status", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(f"{where}: {_words(error)}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise UnavailableError(f"{where} answers {answer.status}: no surveil that tells its status")
    try:
        return DaemonStatus.from_json(body)
    except ValueError as error:
        raise UnavailableError(
            f"{where}: its answer is not a status; is it another program, or another release?"
        ) from error


def _reachable(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "its answer is not HTTP"
