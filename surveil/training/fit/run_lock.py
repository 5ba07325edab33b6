"""A run's folder belongs to one training at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from surveil.errors import InUseError
from surveil.training.errors import CheckpointError

LOCK = ".lock"


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Hold a run's folder, which is made if need be; the kernel lets go however the process ends.

    Raises:
        InUseError: Another process trains in it; the message names its pid.
        CheckpointError: The folder cannot be made or written.
    """
    path = run / LOCK
    try:
        run.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"{run}: {error.strerror or error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            by = f"process {file.read(20).strip()}".strip()
            raise InUseError(
                f"{run} is in use by {by}: wait for its end, or give another seed, name or --runs"
            ) from error
        try:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        except OSError as error:
            raise CheckpointError(f"{path}: could not be written: {error}") from error
        yield
