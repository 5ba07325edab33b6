"""Count what a dataset holds, and what in it would make figures too good to be true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS
from surveil.training.collect.near_duplicates import (
    clusters,
    near_pairs,
    perceptual_hashes,
    thumbnails,
)
from surveil.training.faces import Faces, Split


@dataclass(frozen=True, slots=True)
class Part:
    """Faces of one source in one split; ``classes`` counts them in the order of ``EMOTIONS``."""

    source: str
    split: str
    faces: int
    classes: list[int]
    people: int


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of two or more faces that are the same.

    Attributes:
        groups: How many groups.
        faces: How many faces are in them.
        conflicting: Groups whose labels differ.
        conflicting_faces: How many faces are in those.
    """

    groups: int
    faces: int
    conflicting: int
    conflicting_faces: int


@dataclass(frozen=True, slots=True)
class Leak:
    """What one split of a source knows of another one, in which it should know nothing.

    Attributes:
        source: Whose faces leak.
        known: The split that comes first: train, or validation.
        held: The split that comes later.
        faces: Of ``held`` in that source.
        exact: So many of them are byte for byte in ``known``.
        near: So many others have a near duplicate there.
        people: Names that are in both.
    """

    source: str
    known: str
    held: str
    faces: int
    exact: int
    near: int
    people: list[str]


@dataclass(frozen=True, slots=True)
class DatasetStats:
    """Figures of a dataset; ``set_aside`` is what reading it left out already, by reason.

    ``near`` counts groups joined by near duplicates, exact ones included.
    """

    faces: int
    frame: str
    blank: int
    groups: dict[str, int]
    parts: list[Part]
    exact: Duplicates
    near: Duplicates
    leaks: list[Leak]
    set_aside: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, with the names of the classes."""
        return {"classes": [emotion.value for emotion in EMOTIONS], **asdict(self)}


def stats_of(faces: Faces, set_aside: Mapping[str, int] | None = None) -> DatasetStats:
    """Return the figures of faces; near duplicates take some 10 s for 30,000."""
    ids = np.unique(np.array(faces.digests(), dtype="<U64"), return_inverse=True)[1]
    # Each picture is compared once, however often it occurs.
    first = np.unique(ids, return_index=True)[1]
    small = thumbnails(faces.frames[first])
    pairs = near_pairs(small, perceptual_hashes(small))
    cluster = clusters(len(first), pairs)[ids]
    side = faces.frames.shape[1]
    return DatasetStats(
        faces=len(faces),
        frame=f"{side}x{side} {'grey' if faces.frames.ndim == 3 else 'colour'}",
        blank=int((np.ptp(faces.frames, axis=tuple(range(1, faces.frames.ndim))) == 0).sum()),
        groups={g: n for g, n in sorted(Counter(faces.groups.tolist()).items()) if g},
        parts=_parts(faces),
        exact=_duplicates(ids, faces.labels),
        near=_duplicates(cluster, faces.labels),
        leaks=_leaks(faces, ids, pairs),
        set_aside={reason: count for reason, count in (set_aside or {}).items() if count},
    )


def _parts(faces: Faces) -> list[Part]:
    parts = []
    for source in dict.fromkeys(faces.sources.tolist()):
        for split in Split:
            chosen = (faces.sources == source) & (faces.splits == split.value)
            if chosen.any():
                people = set(faces.people[chosen].tolist()) - {""}
                counts = np.bincount(faces.labels[chosen], minlength=len(EMOTIONS))
                total = int(chosen.sum())
                parts.append(Part(source, split.value, total, counts.tolist(), len(people)))
    return parts


def _duplicates(ids: NDArray[np.intp], labels: NDArray[np.int64]) -> Duplicates:
    """Count groups of faces with the same id, shape ``(N,)`` each."""
    order, counts = np.unique(ids, return_inverse=True, return_counts=True)[1:]
    lowest, highest = np.full(len(counts), 99), np.full(len(counts), -1)
    np.minimum.at(lowest, order, labels)
    np.maximum.at(highest, order, labels)
    several = counts > 1
    differing = several & (lowest != highest)
    return Duplicates(
        int(several.sum()), int(counts[several].sum()),
        int(differing.sum()), int(counts[differing].sum()),
    )  # fmt: skip


def _leaks(faces: Faces, ids: NDArray[np.intp], pairs: NDArray[np.intp]) -> list[Leak]:
    """Return what each split of a source knows of a later one, of whatever source.

    Args:
        faces: N of them.
        ids: Equal where the pixels are, ``(N,)``, 0 to M - 1.
        pairs: Of ids that are near duplicates, ``(P, 2)``.
    """
    both = np.concatenate([pairs, pairs[:, ::-1]])
    leaks = []
    for known, held in ((Split.TRAIN, Split.VALIDATION), (Split.TRAIN, Split.TEST),
                        (Split.VALIDATION, Split.TEST)):  # fmt: skip
        knows = faces.splits == known.value
        seen = np.zeros(int(ids.max()) + 1, bool)
        seen[ids[knows]] = True
        alike = np.zeros_like(seen)
        alike[both[seen[both[:, 1]], 0]] = True
        for source in dict.fromkeys(faces.sources.tolist()):
            there = faces.sources == source
            chosen = there & (faces.splits == held.value)
            if not chosen.any() or not knows.any():
                continue
            exact = seen[ids[chosen]]
            people = set(faces.people[chosen].tolist()) & set(faces.people[there & knows].tolist())
            leaks.append(
                Leak(
                    source, known.value, held.value, int(chosen.sum()), int(exact.sum()),
                    int((alike[ids[chosen]] & ~exact).sum()), sorted(people - {""}),
                )
            )  # fmt: skip
    return leaks
