"""Import a site's own photographs: find the face, cut it as production does, split by person."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveil.classify.crop import FACE_MARGIN, crop_face
from surveil.classify.preprocess import to_frame
from surveil.detect import Detector
from surveil.domain import EMOTIONS, Box, Detection
from surveil.training.data.parquet import read_parquet
from surveil.training.data.pictures import decode
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, percentile_of

LONGEST_PX = 640
"""Pictures are shrunk to this before faces are sought: beyond it a 48 px face gains nothing."""


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Percent of the people of one source who are kept out of training, drawn by hash of name."""

    test_percent: int
    validation_percent: int

    def split_of(self, person: str) -> Split:
        """Return the split of all pictures of a person."""
        return self.split_at(f"person:{person}")

    def split_at(self, key: str) -> Split:
        """Return the split of all that is kept together under a key."""
        at = percentile_of(key)
        if at < self.test_percent:
            return Split.TEST
        if at < self.test_percent + self.validation_percent:
            return Split.VALIDATION
        return Split.TRAIN


@dataclass(frozen=True, slots=True)
class Found:
    """Where the largest face of a picture is.

    Attributes:
        box: ``(x1, y1, x2, y2)`` in pixels of the picture as :func:`shrunk` gives it; zeros where
            there is none.
        reason: Why there is none; empty where there is.
    """

    box: tuple[float, float, float, float]
    reason: str = ""


def find_faces(
    parquet: Path,
    detector: Detector,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Found]:
    """Return the largest face of each picture in order; the slow part of an import."""
    images = read_parquet(parquet, ("image",)).image.tolist()
    found: list[Found] = []
    for index, data in enumerate(images):
        progress(index, len(images))
        rgb = decode(np.frombuffer(data, np.uint8))
        if rgb is None:
            found.append(Found((0, 0, 0, 0), "unreadable"))
            continue
        faces = detector.detect([shrunk(rgb, LONGEST_PX)])[0]
        if not faces:
            found.append(Found((0, 0, 0, 0), "no face"))
            continue
        box = largest(faces).box
        found.append(Found((box.x1, box.y1, box.x2, box.y2)))
    progress(len(images), len(images))
    return found


def import_custom(
    parquet: Path,
    found: Sequence[Found],
    rules: dict[str, SplitRule],
    *,
    frame_px: int = 48,
    channels: int = 1,
) -> tuple[Faces, Counter[str]]:
    """Return the largest face of each picture, and how many pictures were set aside and why.

    Which faces are kept, and in which split, depends on neither size nor colour: repetitions are
    those that are equal in grey at 48 px.

    Args:
        parquet: Columns name, source, person, emotion (0..6) and image (encoded bytes).
        found: Of each picture, as :func:`find_faces` gives it.
        rules: How to split each source's people.
        frame_px: Side of the squares returned.
        channels: 1 for grey, 3 for RGB.

    Raises:
        DataError: The file or a column is missing, or a source has no rule.
    """
    table = read_table(parquet, rules)
    depth = () if channels == 1 else (channels,)
    frames = np.empty((len(table), frame_px, frame_px, *depth), np.uint8)
    kept: list[int] = []
    sides_px: list[float] = []
    set_aside: Counter[str] = Counter()
    seen: set[bytes] = set()
    for index, (data, face) in enumerate(zip(table.image, found, strict=True)):
        rgb = None if face.reason else decode(np.frombuffer(data, np.uint8))
        if rgb is None:
            set_aside[face.reason or "unreadable"] += 1
            continue
        picture, box = shrunk(rgb, LONGEST_PX), Box(*face.box)
        crop = crop_face(picture, box, margin=FACE_MARGIN)
        small = to_frame(crop, 48).tobytes()
        if small in seen:
            set_aside["duplicate"] += 1
            continue
        seen.add(small)
        frames[len(kept)] = to_frame(crop, frame_px, channels)
        kept.append(index)
        sides_px.append(side_px(box, picture, rgb))
    table = table.iloc[kept]
    rows = zip(table.source, table.person, table.image, strict=True)
    return (
        Faces(
            frames=frames[: len(kept)],
            labels=table.emotion.to_numpy(np.int64),
            votes=np.zeros((len(table), len(EMOTIONS)), np.float32),
            splits=np.array([_split(rules[s], p, data) for s, p, data in rows], dtype="<U10"),
            sources=table.source.to_numpy().astype(str),
            people=table.person.to_numpy().astype(str),
            names=table["name"].to_numpy().astype(str),
            sides_px=np.array(sides_px, np.float64),
        ),
        set_aside,
    )


def _split(rule: SplitRule, person: str, data: bytes) -> str:
    """Return the split of a picture; one of nobody known goes its own way."""
    if person:
        return rule.split_of(person).value
    return rule.split_at(f"picture:{hashlib.sha256(data).hexdigest()}").value


def shrunk(rgb: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """Return a picture whose longer side is at most ``longest_px``; a smaller one as it is."""
    shrink = longest_px / max(rgb.shape[:2])
    if shrink >= 1:
        return rgb
    # A picture of a few rows must not vanish.
    height, width = (max(1, round(side * shrink)) for side in rgb.shape[:2])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def side_px(box: Box, picture: NDArray[np.uint8], original: NDArray[np.uint8]) -> float:
    """Return the longer side of a box of a shrunk ``picture``, in pixels of its original."""
    shrink: float = max(picture.shape[:2]) / max(original.shape[:2])
    return max(box.width, box.height) / shrink


def largest(faces: Sequence[Detection]) -> Detection:
    """Return the face of the largest box, of one or more."""
    return max(faces, key=lambda face: face.box.width * face.box.height)


def read_table(parquet: Path, rules: dict[str, SplitRule]) -> pd.DataFrame:
    """Return the file's table, checked.

    Raises:
        DataError: See :func:`import_custom`.
    """
    table = read_parquet(parquet, ("name", "source", "person", "emotion", "image"))
    unnamed = table["name"].isna() | table.source.isna()
    if unnamed.any():
        raise DataError(f"{parquet}: row {int(unnamed.argmax())}: name or source is missing")
    table["person"] = table.person.fillna("").astype(str)
    unruled = set(table.source) - set(rules)
    if unruled:
        raise DataError(
            f"{parquet}: no split is configured for source {', '.join(sorted(unruled))}"
        )
    wrong = table[~table.emotion.isin(range(len(EMOTIONS)))]
    if len(wrong):
        raise DataError(f"{parquet}: {wrong['name'].iloc[0]}: emotion is not in 0..6")
    return table
