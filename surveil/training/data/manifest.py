"""The manifest: which face, by hash of its pixels, is in which split."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from surveil.domain import EMOTIONS, Emotion
from surveil.models.taxonomy import emotion_hint, emotion_of
from surveil.replacing import write_whole
from surveil.training.data.tables import open_table, table_text
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split

COLUMNS = ("sha256", "source", "name", "person", "split", "emotion")
GROUP, SIDE = "group", "side_px"
"""Last columns that an imported dataset's manifest has besides."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One face of a manifest; ``person`` and ``group`` are empty where unknown.

    ``side_px`` is the longer side of the face's box in pixels of its photograph, NaN where unknown.
    """

    sha256: str
    source: str
    name: str
    person: str
    split: Split
    emotion: Emotion
    group: str = ""
    side_px: float = math.nan


def manifest_of(faces: Faces) -> str:
    """Return the manifest as CSV: one line per face in order, with the hash of its pixels."""
    return table_text(
        COLUMNS,
        (
            (digest, faces.sources[index], faces.names[index], faces.people[index],
             faces.splits[index], EMOTIONS[faces.labels[index]].value)
            for index, digest in enumerate(faces.digests())
        ),
    )  # fmt: skip


def write_manifest(faces: Faces, path: Path) -> str:
    """Write the manifest and return its SHA-256, which names this exact data and split."""
    content = manifest_of(faces).encode()
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def keep_manifest(cache_dir: Path, sha256: str) -> None:
    """Keep ``manifest.csv`` under its hash too: another configuration writes its own over it."""
    content = (cache_dir / "manifest.csv").read_bytes()
    write_whole(cache_dir / f"manifest-{sha256[:16]}.csv", content)


def kept_manifest(cache_dir: Path, sha256: str) -> Path | None:
    """Return where the manifest of this hash is, or ``None`` if it is not there."""
    for path in (cache_dir / f"manifest-{sha256[:16]}.csv", cache_dir / "manifest.csv"):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            return path
    return None


def text_of(entries: Sequence[Entry]) -> str:
    """Return the manifest of an imported dataset, with the columns ``group`` and ``side_px``."""
    return table_text(
        (*COLUMNS, GROUP, SIDE),
        (
            (entry.sha256, entry.source, entry.name, entry.person, entry.split.value,
             entry.emotion.value, entry.group,
             "" if math.isnan(entry.side_px) else f"{entry.side_px:.1f}")
            for entry in entries
        ),
    )  # fmt: skip


def read_manifest(path: Path) -> list[Entry]:
    """Return a manifest's entries in order.

    Raises:
        DataError: The file or a column is missing, a value is none that there is (the line is
            named), there is no face, or a person is in two splits.
    """
    with open_table(path, COLUMNS, f"a manifest has {', '.join(COLUMNS)}") as table:
        entries = [_entry(row, f"{path}, line {line}") for line, row in table]
    if not entries:
        raise DataError(f"{path}: it holds no face")
    _check_people(path, ((e.source, e.person, e.split.value, e.name) for e in entries if e.person))
    return entries


def check_people(where: object, faces: Faces) -> None:
    """Refuse a person who is in two splits: what is tested would have been trained on.

    Args:
        where: File or configuration that says so, for the message.
        faces: Some have a name of a person, which holds within their source.

    Raises:
        DataError: There is one; named with a face of each split.
    """
    named = np.flatnonzero(faces.people != "")
    rows = zip(
        *(
            column[named].tolist()
            for column in (faces.sources, faces.people, faces.splits, faces.names)
        ),
        strict=True,
    )
    _check_people(where, rows)


def namesakes(faces: Faces) -> list[str]:
    """Return a sentence on people of one name in two sources, held out in one and not in the other.

    A name holds within its source. Where it is one person, what is tested was trained on, and
    nothing but the name tells.
    """
    named = np.flatnonzero(faces.people != "")
    splits: dict[str, dict[str, str]] = {}
    for person, source, split in zip(
        *(column[named].tolist() for column in (faces.people, faces.sources, faces.splits)),
        strict=True,
    ):
        splits.setdefault(person, {})[source] = split
    found = sorted(person for person, by in splits.items() if len(set(by.values())) > 1)
    if not found:
        return []
    (_, first), (_, second) = list(splits[found[0]].items())[:2]
    one, other = list(splits[found[0]])[:2]
    return [
        f"{len(found)} names of people are in several sources and in different splits there, such "
        f"as {found[0]!r} ({first} of {one}, {second} of {other}): if they are the same people, "
        "the figures are too good; import both from one source, or give them names of their own"
    ]


def _check_people(where: object, rows: Iterable[tuple[str, str, str, str]]) -> None:
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for source, person, split, name in rows:
        first_split, first_name = seen.setdefault((source, person), (split, name))
        if first_split != split:
            raise DataError(
                f"{where}: person {person!r} of {source} is in two splits: "
                f"{first_name} in {first_split}, {name} in {split}"
            )


def _entry(row: dict[str, str], place: str) -> Entry:
    if row["split"] not in set(Split):
        raise DataError(
            f"{place}: split {row['split']!r} is none of {', '.join(s.value for s in Split)}"
        )
    emotion = emotion_of(row["emotion"])
    if emotion is None:
        raise DataError(
            f"{place}: unknown emotion {row['emotion']!r}{emotion_hint(row['emotion'])}"
        )
    side = row.get(SIDE) or "nan"
    try:
        side_px = float(side)
    except ValueError:
        raise DataError(f"{place}: {SIDE} {side!r} is not a number") from None
    return Entry(
        row["sha256"], row["source"], row["name"], row["person"], Split(row["split"]), emotion,
        row.get(GROUP) or "", side_px,
    )  # fmt: skip
