"""Paths as people write them: with ``~``, or relative to the file that names them."""

from __future__ import annotations

import os
from pathlib import Path


def from_base(path: str | Path, base: Path) -> str:
    """Return an absolute path without ``..``; ``~`` is a home, a relative path starts at ``base``.

    Raises:
        ValueError: Nobody knows the home that a ``~`` means.
    """
    try:
        return os.path.normpath(base / Path(path).expanduser())
    except RuntimeError:
        raise ValueError("has a ~ whose home is unknown") from None
