"""Compiled networks on disk, so that a process that takes another's place need not compile them.

What is kept is OpenVINO's own form, behind a digest of all that it was made from and of itself: the
network's file, the shape and options asked for, OpenVINO's version and the processor. A file that
is damaged, cut off, or of anything else is made anew and said once. The digest finds what went
wrong, not who is hostile: the folder belongs to the user who runs surveil, and to nobody else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from surveil.logs import get_logger
from surveil.replacing import write_whole

MOST_FILES = 32
"""Kept in a folder; beyond that those that were made first go."""

MOST_BYTES = 256 << 20
SUFFIX = ".compiled"
_DIGEST_BYTES = 32
_log = get_logger("engines")


class KeptNetworks:
    """A folder of compiled networks.

    Args:
        folder: Made if it is not there, mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, key: bytes) -> bytes | None:
        """Return what was kept under a key, or None where nothing sound is."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if not stat.S_ISREG(facts.st_mode) or facts.st_size > MOST_BYTES:
                    self._complain(path, "it is no file of a compiled network")
                    return None
                if facts.st_uid != os.geteuid():
                    self._complain(path, "it belongs to another user")
                    return None
                digest, content = file.read(_DIGEST_BYTES), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._complain(path, error.strerror or type(error).__name__)
            return None
        if digest != _digest(key, content):
            self._complain(path, "it is damaged")
            return None
        return content

    def write(self, key: bytes, content: bytes) -> None:
        """Keep something under a key; a disk that is full or read-only is said, and no more."""
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(path)
            write_whole(path, _digest(key, content) + content)
        except OSError as error:
            self._complain(path, error.strerror or type(error).__name__)

    def reject(self, key: bytes, reason: str) -> None:
        """Say that the engine does not take what was read."""
        self._complain(self._path(key), reason)

    def _path(self, key: bytes) -> Path:
        return self._folder / f"{key.hex()}{SUFFIX}"

    def _make_room(self, path: Path) -> None:
        files = [one for one in self._folder.glob(f"*{SUFFIX}") if one != path]
        for one in sorted(files, key=_made_at)[: -(MOST_FILES - 1)]:
            with contextlib.suppress(OSError):
                one.unlink()

    def _complain(self, path: Path, reason: str) -> None:
        _log.warning("engine.made_anew", file=str(path), reason=reason)


def key_of(network: bytes, facts: Mapping[str, object]) -> bytes:
    """Return the key of a compiled network, 16 bytes.

    Args:
        network: Content of the file that it is compiled from.
        facts: What else it depends on.
    """
    digest = hashlib.blake2b(network, digest_size=16)
    digest.update(repr(sorted((name, str(value)) for name, value in facts.items())).encode())
    return digest.digest()


def _made_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:  # another process has just finished or removed it
        return 0.0


def _digest(key: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES, key=key).digest()
