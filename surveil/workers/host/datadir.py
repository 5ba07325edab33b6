"""The data directory belongs to one supervisor at a time."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from surveil.errors import ConfigError, InUseError

LOCK_NAME = "surveil.lock"


class DataDirLock:
    """An advisory lock on a data directory, released by the kernel however the process ends.

    Raises:
        InUseError: Another process holds it; the message says which.
        ConfigError: The directory cannot be made or written.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_NAME
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"data_dir {data_dir}: {error.strerror}; choose a directory that can be written"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = self._read_owner()
            self._file.close()
            raise InUseError(
                f"data_dir {data_dir} is in use by {owner}; stop it, or set another data_dir"
            ) from error
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid()}))
        self._file.flush()

    def _read_owner(self) -> str:
        try:
            self._file.seek(0)
            pid = int(json.loads(self._file.read())["pid"])
            command = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        except (OSError, ValueError, KeyError, TypeError):
            return "another surveil process"
        return f"pid {pid} ({command})"

    def release(self) -> None:
        """Give the directory back."""
        self._file.close()

    def __enter__(self) -> DataDirLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
