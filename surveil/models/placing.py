"""A model's files take their place together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from surveil.errors import ModelError
from surveil.models.files import FACTS, WEIGHTS
from surveil.replacing import force_to_disk


@contextmanager
def model_in_the_making(folder: Path) -> Iterator[Path]:
    """Give a folder to write a model into, whose files take their place when all are written.

    All are on the disk in full before the first takes its place, so a full disk or an error in the
    block leaves the model that was there before. The weights come first and ``model.json``, which
    names their hash, second: a folder between the two is refused by whoever loads it rather than
    half believed.

    Yields:
        An empty folder within the model's own, for ``weights.safetensors``, ``model.json`` and
        whatever else belongs to the model.

    Raises:
        ModelError: The files cannot be written or put in their place.
    """
    fresh = folder / ".new"
    try:
        with _unwritable_named(folder):
            # Of an export that was killed.
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
        yield fresh
        first = [WEIGHTS, FACTS]
        written = sorted(path.name for path in fresh.iterdir() if path.name not in first)
        with _unwritable_named(folder):
            for name in (*first, *written):
                force_to_disk(fresh / name)
            for name in (*first, *written):
                (fresh / name).replace(folder / name)
            force_to_disk(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        # Only where it is empty, as no model was there before.
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _unwritable_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(f"{folder}: the model could not be written: {error}") from error
