"""The data directory belongs to one supervisor at a time."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from surveil.errors import ConfigError, InUseError
from surveil.locks import FileLock, LockedError

LOCK_NAME = "surveil.lock"


class DataDirLock:
    """Holds a data directory, which is made if need be.

    Raises:
        InUseError: Another process holds it; the message says which.
        ConfigError: The directory cannot be made or written.
    """

    def __init__(self, data_dir: Path) -> None:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(data_dir / LOCK_NAME)
        except LockedError as error:
            raise InUseError(
                f"data_dir {data_dir} is in use by {error.holder}; stop it, or set another data_dir"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"data_dir {data_dir}: {error.strerror}; choose a directory that can be written"
            ) from error

    def release(self) -> None:
        """Give the directory back."""
        self._lock.release()

    def __enter__(self) -> DataDirLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
