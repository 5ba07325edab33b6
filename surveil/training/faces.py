"""Labelled faces in memory, and the manifest that says which face is in which split."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS


class Split(StrEnum):
    """What a face is used for: fitting, choosing (epoch, temperature), or reporting alone."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N labelled faces, framed and grey as :func:`surveil.classify.to_frame` gives them.

    Attributes:
        frames: Shape ``(N, 48, 48)``, uint8.
        labels: Index into ``EMOTIONS``, shape ``(N,)``, int64.
        votes: Share of annotators per emotion, shape ``(N, 7)``, float32; a row of zeros where
            nobody voted for any of the seven.
        splits: :class:`Split` values, shape ``(N,)``.
        sources: Name of the collection, shape ``(N,)``.
        people: Who is seen, shape ``(N,)``; empty where unknown.
        names: Name within the source (``csv_row`` of FER2013), shape ``(N,)``.
    """

    frames: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32]
    splits: NDArray[np.str_]
    sources: NDArray[np.str_]
    people: NDArray[np.str_]
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Faces:
        """Return the faces at ``keep``, a mask or indices."""
        return Faces(
            self.frames[keep], self.labels[keep], self.votes[keep], self.splits[keep],
            self.sources[keep], self.people[keep], self.names[keep],
        )  # fmt: skip

    def only(self, split: Split, source: str | None = None) -> Faces:
        """Return the faces of a split, of one source if given."""
        keep = self.splits == split.value
        return self.where(keep & (self.sources == source) if source else keep)

    def digests(self) -> list[str]:
        """Return the SHA-256 of each frame's pixels; equal for byte-identical faces."""
        return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in self.frames]


def join(parts: Sequence[Faces]) -> Faces:
    """Return all faces of several collections in order."""
    return Faces(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in ("frames", "labels", "votes", "splits", "sources", "people", "names")
        )
    )


def repeat(faces: Faces, times: Mapping[str, int]) -> Faces:
    """Return faces with those of a source repeated so many times; other sources stay once."""
    counts = np.array([times.get(source, 1) for source in faces.sources.tolist()], dtype=np.intp)
    return faces.where(np.repeat(np.arange(len(faces)), counts))


def percentile_of(key: str) -> int:
    """Return a number 0..99 that depends on ``key`` alone, spread evenly over keys.

    Splits are drawn with it, so that they stay the same when faces are added, on every machine.
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % 100


MANIFEST_COLUMNS = ("sha256", "source", "name", "person", "split", "emotion")


def manifest_of(faces: Faces) -> str:
    """Return the manifest as CSV: one line per face in order, with the hash of its pixels."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(MANIFEST_COLUMNS)
    for index, digest in enumerate(faces.digests()):
        table.writerow(
            (digest, faces.sources[index], faces.names[index], faces.people[index],
             faces.splits[index], EMOTIONS[faces.labels[index]].value)
        )  # fmt: skip
    return text.getvalue()


def write_manifest(faces: Faces, path: Path) -> str:
    """Write the manifest and return its SHA-256, which names this exact data and split."""
    text = manifest_of(faces)
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()
