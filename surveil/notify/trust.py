"""Whose certificates are trusted; apart, since TLS is for processes that talk to somebody."""

from __future__ import annotations

import ssl
from pathlib import Path


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return what a client verifies servers by: the certificates of a file, or the system's.

    Raises:
        OSError: The file cannot be read, or (``ssl.SSLError``) holds no certificate.
    """
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


def fault_of(ca_file: Path) -> str:
    """Return why a file cannot be trusted, or nothing."""
    try:
        trusting(ca_file)
    except ssl.SSLError:
        return "holds no certificate as PEM (-----BEGIN CERTIFICATE-----)"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""
