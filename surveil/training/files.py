"""Small files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from surveil.replacing import write_whole
from surveil.training.errors import CheckpointError


def write_bytes_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a reader or a crash finds the old or the new one, never a part.

    Raises:
        CheckpointError: It could not be written; the message names the file.
    """
    try:
        write_whole(path, data, durable=True)
    except OSError as error:
        raise CheckpointError(
            f"{path}: could not be written, the one before it stays: {error}"
        ) from error
