"""Files that are written whole or not at all: beside the old one, then renamed over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_UNFINISHED = ".new"


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a file to write, which takes the place of ``path`` once the block has ended well.

    Whoever reads ``path`` meanwhile, from whatever process, sees the old content or the new one.
    If the block raises, or the process is killed, the old one stays as it was; only a kill leaves
    the unfinished file behind, hidden (see :func:`is_unfinished`). Two processes may write the
    same file: the one that ends last has its way.

    Args:
        path: A file that is there or not, in a folder that is.
        durable: Whether content and name are forced to the disk, so that a power cut leaves the old
            content or the new one, too. It costs milliseconds and more; what can be made again does
            without.

    Yields:
        A file in the same folder and of the same suffix that is not there yet.

    Raises:
        OSError: The file cannot be put in its place.
    """
    fresh = path.with_name(f".{path.stem}.{os.getpid()}{_UNFINISHED}{path.suffix}")
    try:
        yield fresh
        if durable:
            force_to_disk(fresh)
        fresh.replace(path)
        if durable:
            force_to_disk(path.parent)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write or replace a file; see :func:`replacing`.

    Raises:
        OSError: It cannot be written; what was there before stays.
    """
    with replacing(path, durable=durable) as fresh:
        fresh.write_bytes(content)


def is_unfinished(path: Path) -> bool:
    """Whether a file is what :func:`replacing` left of a process that was killed, or is at now."""
    return path.name.startswith(".") and _UNFINISHED in path.suffixes


def force_to_disk(path: Path) -> None:
    """Return once the content of a file, or the names in a folder, would survive a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
