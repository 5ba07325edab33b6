"""Notice that a fleet's file or the files of its rules have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from surveil.config.rulefiles import MAX_FILES, matching_files, rule_patterns
from surveil.errors import SurveilError

LOOK_EVERY_S = 2.0
"""A change is told once a file has stayed the same from one look to the next."""

Stamp = tuple[int, int, int]
"""When a file was written, its size, and which file it is."""


class FileWatch:
    """Looks at files, and calls once for each change that has come to rest.

    What is written in parts is told once it is whole, unless a part waits for longer than a look.
    The thread is its own: on a network share that hangs, nothing else waits.

    Args:
        fleet_file: The fleet's file; which files it names, now and later, is read from it.
        tell: Called in the thread of :meth:`start`.
    """

    def __init__(self, fleet_file: Path, tell: Callable[[], None]) -> None:
        self._fleet_file = fleet_file
        self._tell = tell
        self._ending = threading.Event()
        self._patterns: tuple[Stamp | None, tuple[str, ...]] | None = None
        self._told = self._seen = self._stamps()

    def start(self) -> None:
        """Look every ``LOOK_EVERY_S`` until :meth:`close`."""
        threading.Thread(target=self._run, name="files", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._ending.set()

    def look(self) -> None:
        """Look at the files once."""
        stamps = self._stamps()
        is_at_rest, self._seen = stamps == self._seen, stamps
        if is_at_rest and stamps != self._told:
            self._told = stamps
            self._tell()

    def _run(self) -> None:
        while not self._ending.wait(LOOK_EVERY_S):
            self.look()

    def _stamps(self) -> Mapping[Path, Stamp | None]:
        own = _stamp(self._fleet_file)
        if self._patterns is None or self._patterns[0] != own:
            try:
                self._patterns = own, rule_patterns(self._fleet_file)
            except SurveilError:
                # Wrong now, which whoever is told will say; the files named before are watched on.
                self._patterns = own, self._patterns[1] if self._patterns else ()
        base = self._fleet_file.parent
        files = [file for one in self._patterns[1] for file in matching_files(base, one) or ()]
        return {self._fleet_file: own, **{file: _stamp(file) for file in files[:MAX_FILES]}}


def _stamp(path: Path) -> Stamp | None:
    """Return what tells one content of a file from another; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
