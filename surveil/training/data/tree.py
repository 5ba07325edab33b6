"""The files below a folder that pictures are read from, and what in it is passed over."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

NOT_OURS = "__MACOSX"
"""What macOS adds to archives: a file of its own beside each picture, with the picture's suffix."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What a folder holds.

    Attributes:
        files: Those of the wanted suffixes, sorted.
        passed_over: The others, each with what it is: its suffix, ``hidden``, ``dangling link``.
    """

    files: tuple[Path, ...]
    passed_over: tuple[tuple[Path, str], ...]

    @property
    def counts(self) -> Counter[str]:
        """How many were passed over, by what they are."""
        return Counter(f"passed over: {kind}" for _, kind in self.passed_over)


def walk(root: Path, suffixes: Collection[str]) -> Tree:
    """Return the files below a folder; links to other folders are not followed.

    Args:
        root: The folder.
        suffixes: Wanted ones, in lower case.
    """
    files: list[Path] = []
    passed: list[tuple[Path, str]] = []

    def unreadable(error: OSError) -> None:
        passed.append((Path(str(error.filename)), "unreadable folder"))

    for at, folders, names in os.walk(root, onerror=unreadable):
        here = Path(at)
        passed += [(here / name, _kind(here / name)) for name in folders if not _is_open(name)]
        folders[:] = [name for name in folders if _is_open(name)]
        for name in names:
            file = here / name
            if _is_wanted(file, suffixes):
                files.append(file)
            else:
                passed.append((file, _kind(file)))
    return Tree(tuple(sorted(files)), tuple(sorted(passed)))


def beside_folders(root: Path, suffixes: Collection[str]) -> Tree:
    """Return the files of a folder itself, without those of :func:`folders_in` it."""
    there = [path for path in root.iterdir() if not (path.is_dir() and _is_open(path.name))]
    files = [path for path in there if _is_wanted(path, suffixes)]
    passed = [(path, _kind(path)) for path in there if not _is_wanted(path, suffixes)]
    return Tree(tuple(sorted(files)), tuple(sorted(passed)))


def folders_in(root: Path) -> list[Path]:
    """Return the folders in a folder, sorted, without hidden ones and those of macOS' archives."""
    return sorted(folder for folder in root.iterdir() if folder.is_dir() and _is_open(folder.name))


def shown(path: Path) -> str:
    r"""Return a path as text, with ``/`` and with bytes that are no UTF-8 as ``\xNN``."""
    data = path.as_posix().encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "backslashreplace")


def _is_open(name: str) -> bool:
    return not name.startswith(".") and name != NOT_OURS


def _is_wanted(file: Path, suffixes: Collection[str]) -> bool:
    return _is_open(file.name) and file.suffix.lower() in suffixes and file.is_file()


def _kind(file: Path) -> str:
    if file.name == NOT_OURS:
        return NOT_OURS
    if file.name.startswith("."):
        return "hidden"
    if file.is_symlink() and not file.exists():
        return "dangling link"
    return shown(Path(file.suffix.lower())) if file.suffix else "no suffix"
