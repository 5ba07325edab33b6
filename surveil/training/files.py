"""Small files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from surveil.training.errors import CheckpointError


def write_bytes_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a reader or a crash finds the old or the new one, never a part.

    Raises:
        CheckpointError: It could not be written; the message names the file.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise CheckpointError(
            f"{path}: could not be written, the one before it stays: {error}"
        ) from error
    finally:
        # Of a folder that is not there, say: what the write raised is what counts.
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
