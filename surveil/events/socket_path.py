"""Where the embedded server's socket lies: below ``data_dir``, aside if that path is too long."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from surveil.errors import InUseError

MAX_SOCKET_PATH_BYTES = 103
"""``sun_path`` holds 108 bytes on Linux and 104 on macOS, with the final NUL."""


def socket_path(data_dir: Path) -> Path:
    """Return the path of the socket, a function of ``data_dir`` and the user alone.

    A socket's path is limited to about 100 bytes; for a deeper ``data_dir`` it lies in a private
    directory of the system's temporary directory, named by a hash of ``data_dir``.
    """
    near = data_dir.absolute() / "redis" / "redis.sock"
    if len(os.fsencode(near)) <= MAX_SOCKET_PATH_BYTES:
        return near
    digest = hashlib.blake2s(os.fsencode(data_dir.absolute()), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"surveil-{os.getuid()}-{digest}" / "redis.sock"


def prepare_socket_dir(path: Path) -> None:
    """Make the socket's directory, private to the user.

    Raises:
        InUseError: Somebody else owns a directory of that name.
    """
    directory = path.parent
    directory.mkdir(mode=0o700, exist_ok=True)
    status = os.lstat(directory)
    if not directory.is_dir() or directory.is_symlink() or status.st_uid != os.getuid():
        raise InUseError(f"{directory} belongs to another user (uid {status.st_uid})")
    directory.chmod(0o700)
