"""A run's folder belongs to one training at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveil.errors import InUseError
from surveil.locks import FileLock, LockedError
from surveil.training.errors import CheckpointError

LOCK = ".lock"


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Hold a run's folder, which is made if need be; the kernel lets go however the process ends.

    Raises:
        InUseError: Another process trains in it; the message names its pid.
        CheckpointError: The folder cannot be made or written.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run / LOCK)
    except LockedError as error:
        raise InUseError(
            f"{run} is in use by {error.holder}: wait for its end, or give another seed, name or "
            "--runs"
        ) from error
    except OSError as error:
        raise CheckpointError(f"{run}: {error.strerror or error}") from error
    with lock:
        yield
