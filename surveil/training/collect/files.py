"""Which files a dataset was made of, so that those of another source do not take its place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from surveil.errors import ConfigError
from surveil.replacing import write_whole
from surveil.training.data.tables import open_table, table_text

FILES = "files.csv"
START_BYTES = 1 << 16
"""So much of a file tells it from others of its name and size; videos are large."""


def fingerprint(file: Path) -> str:
    """Return a hash of a file's size and start; empty if it cannot be read."""
    try:
        with file.open("rb") as stream:
            start = stream.read(START_BYTES)
        size = file.stat().st_size
    except OSError:
        return ""
    return hashlib.sha256(f"{size}:".encode() + start).hexdigest()


def check_same_files(out: Path, prints: Mapping[str, str]) -> None:
    """Refuse a source whose files have the names of the dataset's, and other contents.

    Args:
        out: The dataset's folder; one that does not say what it was made of passes.
        prints: Of the source's files by name.

    Raises:
        ConfigError: More than half of the files that both know differ.
    """
    if not (out / FILES).is_file():
        return
    with open_table(out / FILES, ("name", "fingerprint")) as table:
        before = {row["name"]: row["fingerprint"] for _, row in table}
    shared = [name for name in before if name in prints]
    other = [name for name in shared if before[name] != prints[name]]
    if 2 * len(other) > len(shared):
        raise ConfigError(
            f"{out}: was made of other files of the same names ({len(other)} of {len(shared)} "
            f"differ, such as {other[0]}): give another --out, or --replace"
        )


def write_files(out: Path, prints: Mapping[str, str]) -> None:
    """Write down what a dataset was made of.

    Raises:
        OSError: It cannot be written.
    """
    text = table_text(("name", "fingerprint"), sorted(prints.items()))
    write_whole(out / FILES, text.encode())
