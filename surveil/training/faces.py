"""Labelled faces in memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from surveil.classify.preprocess import to_frame

NO_MAJORITY = -1


class Split(StrEnum):
    """What a face is used for: fitting, choosing (epoch, temperature), or reporting alone."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N labelled faces, framed as :func:`surveil.classify.to_frame` gives them.

    Attributes:
        frames: Shape ``(N, S, S)`` grey or ``(N, S, S, 3)`` RGB, uint8.
        labels: Index into ``EMOTIONS``, shape ``(N,)``, int64.
        votes: Share of each emotion in the annotators' votes for the seven, shape ``(N, 7)``,
            float32; a row of zeros where nobody voted for any of them.
        splits: :class:`Split` values, shape ``(N,)``.
        sources: Name of the collection, shape ``(N,)``.
        people: Who is seen, shape ``(N,)``; empty where unknown.
        names: Name within the source (``csv_row`` of FER2013), shape ``(N,)``.
        groups: To be reported apart (a site, a camera, an age band), shape ``(N,)``; empty where
            there is none, and for all faces if left out.
        repeated: Whether a face of the test split occurs more than once in its source, in any
            split, shape ``(N,)``; no face if left out. Decided once, where the source is read and
            before any face is dropped or resized, so that it holds at any size and in any colour.
        agreed: Index of the emotion that more than half of a face's annotators name, whatever else
            they could say counted in, shape ``(N,)``, int64; :data:`NO_MAJORITY` where there is
            none, and for all faces if left out. ``votes`` leave those others out.
        sides_px: Longer side of the face's box in pixels of the photograph that it was cut from,
            shape ``(N,)``, float64; NaN where unknown, and for all faces if left out.
    """

    frames: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32]
    splits: NDArray[np.str_]
    sources: NDArray[np.str_]
    people: NDArray[np.str_]
    names: NDArray[np.str_]
    groups: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, "<U32"))
    repeated: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    agreed: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    sides_px: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))

    def __post_init__(self) -> None:
        count = len(self.labels)
        for column, unknown in (
            ("groups", np.full(count, "", "<U32")),
            ("repeated", np.zeros(count, bool)),
            ("agreed", np.full(count, NO_MAJORITY, np.int64)),
            ("sides_px", np.full(count, np.nan)),
        ):
            if len(getattr(self, column)) != count:
                object.__setattr__(self, column, unknown)

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Faces:
        """Return the faces at ``keep``, a mask or indices."""
        return Faces(*(getattr(self, column)[keep] for column in COLUMNS))

    def only(self, split: Split, source: str | None = None) -> Faces:
        """Return the faces of a split, of one source if given."""
        keep = self.splits == split.value
        return self.where(keep & (self.sources == source) if source else keep)

    def digests(self) -> list[str]:
        """Return the SHA-256 of each frame's pixels; equal for byte-identical faces."""
        return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in self.frames]


COLUMNS = tuple(column.name for column in fields(Faces))
"""The arrays of :class:`Faces`, in order."""


def join(parts: Sequence[Faces]) -> Faces:
    """Return all faces of several collections in order.

    Frames of different sizes or colours are brought to the largest side, and to colour if any are
    in colour: enlarged as serving enlarges crops, grey as three equal channels. Frames that are
    all alike stay as they are.
    """
    # A collection without faces has no size that others should be brought to.
    parts = [part for part in parts if len(part)] or list(parts[:1])
    side = max(part.frames.shape[1] for part in parts)
    depth = (3,) if any(part.frames.ndim == 4 for part in parts) else ()
    # Filled in place: at 100 px in colour there is no room for every part beside the whole.
    frames = np.empty((sum(map(len, parts)), side, side, *depth), np.uint8)
    at = 0
    for part in parts:
        if part.frames.shape[1:] == frames.shape[1:]:
            frames[at : at + len(part)] = part.frames
        else:
            for place, frame in enumerate(part.frames, at):
                frames[place] = to_frame(frame, side, 3 if depth else 1)
        at += len(part)
    return Faces(
        frames,
        *(np.concatenate([getattr(part, column) for part in parts]) for column in COLUMNS[1:]),
    )


def mark_repeated(parts: Sequence[Faces]) -> list[Faces]:
    """Return the parts of one source, as they are stored, with ``repeated`` set."""
    digests = [np.array(part.digests(), dtype="<U64") for part in parts]
    counts = Counter(digest for some in digests for digest in some.tolist())
    return [
        replace(
            part,
            repeated=(part.splits == Split.TEST.value)
            & np.array([counts[digest] > 1 for digest in some.tolist()], dtype=bool),
        )
        for part, some in zip(parts, digests, strict=True)
    ]


def unlearned(faces: Faces) -> Faces:
    """Return the faces without those that are learned from or chosen by and also held out.

    Of byte-identical faces in several splits, of whatever sources, those of the test split stay,
    else those of the validation split.
    """
    ranks = np.array([tuple(Split).index(Split(split)) for split in faces.splits.tolist()])
    digests = faces.digests()
    held: dict[str, int] = {}
    for digest, rank in zip(digests, ranks.tolist(), strict=True):
        held[digest] = max(rank, held.get(digest, 0))
    keep = ranks == np.array([held[digest] for digest in digests])
    return faces if keep.all() else faces.where(keep)


def repeat(faces: Faces, times: Mapping[str, int]) -> Faces:
    """Return faces with those of a source repeated so many times; other sources stay once."""
    counts = np.array([times.get(source, 1) for source in faces.sources.tolist()], dtype=np.intp)
    return faces.where(np.repeat(np.arange(len(faces)), counts))


def percentile_of(key: str) -> int:
    """Return a number 0..99 that depends on ``key`` alone, spread evenly over keys.

    Splits are drawn with it, so that they stay the same when faces are added, on every machine.
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % 100
