"""Import a site's own photographs: find the face, cut it as production does, split by person."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveil.classify.crop import FACE_MARGIN, crop_face
from surveil.classify.preprocess import to_frame
from surveil.detect import Detector
from surveil.domain import EMOTIONS
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, percentile_of

log = logging.getLogger(__name__)

LONGEST_PX = 640
"""Pictures are shrunk to this before faces are sought: beyond it a 48 px face gains nothing."""


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Percent of the people of one source who are kept out of training, drawn by hash of name."""

    test_percent: int
    validation_percent: int

    def split_of(self, person: str) -> Split:
        """Return the split of all pictures of a person."""
        at = percentile_of(f"person:{person}")
        if at < self.test_percent:
            return Split.TEST
        if at < self.test_percent + self.validation_percent:
            return Split.VALIDATION
        return Split.TRAIN


def import_custom(
    parquet: Path,
    detector: Detector,
    rules: dict[str, SplitRule],
    *,
    frame_px: int = 48,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Faces, Counter[str]]:
    """Return the largest face of each picture, and how many pictures were set aside and why.

    Args:
        parquet: Columns name, source, person, emotion (0..6) and image (encoded bytes).
        detector: Finds the faces, as in production.
        rules: How to split each source's people.
        frame_px: Side of the grey squares returned.
        progress: Called with the pictures done and their total.

    Raises:
        DataError: The file or a column is missing, or a source has no rule.
    """
    table = _read_table(parquet, rules)
    frames: list[NDArray[np.uint8]] = []
    kept: list[int] = []
    set_aside: Counter[str] = Counter()
    seen: set[bytes] = set()
    for index, data in enumerate(table.image):
        progress(index, len(table))
        frame, reason = _face_of(data, detector, frame_px)
        if frame is None:
            set_aside[reason] += 1
        elif frame.tobytes() in seen:
            set_aside["duplicate"] += 1
        else:
            seen.add(frame.tobytes())
            frames.append(frame)
            kept.append(index)
    progress(len(table), len(table))
    table = table.iloc[kept]
    pairs = zip(table.source, table.person, strict=True)
    return (
        Faces(
            frames=np.stack(frames) if frames else np.empty((0, frame_px, frame_px), np.uint8),
            labels=table.emotion.to_numpy(np.int64),
            votes=np.zeros((len(table), len(EMOTIONS)), np.float32),
            splits=np.array([rules[s].split_of(p).value for s, p in pairs], dtype="<U10"),
            sources=table.source.to_numpy().astype("<U32"),
            people=table.person.to_numpy().astype("<U64"),
            names=table.name.to_numpy().astype("<U96"),
        ),
        set_aside,
    )


def _read_table(parquet: Path, rules: dict[str, SplitRule]) -> pd.DataFrame:
    if not parquet.is_file():
        raise DataError(f"{parquet}: no such file")
    table = pd.read_parquet(parquet)
    missing = {"name", "source", "person", "emotion", "image"} - set(table.columns)
    if missing:
        raise DataError(f"{parquet}: column {', '.join(sorted(missing))} is missing")
    unruled = set(table.source) - set(rules)
    if unruled:
        raise DataError(
            f"{parquet}: no split is configured for source {', '.join(sorted(unruled))}"
        )
    wrong = table[~table.emotion.isin(range(len(EMOTIONS)))]
    if len(wrong):
        raise DataError(f"{parquet}: {wrong.name.iloc[0]}: emotion is not in 0..6")
    return table.rename(columns={"name": "file"}).assign(name=table["name"])


def _face_of(
    data: bytes, detector: Detector, frame_px: int
) -> tuple[NDArray[np.uint8] | None, str]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return None, "unreadable"
    shrink = LONGEST_PX / max(picture.shape[:2])
    if shrink < 1:
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    found = detector.detect([rgb])[0]
    if not found:
        return None, "no face"
    largest = max(found, key=lambda face: face.box.width * face.box.height)
    return to_frame(crop_face(rgb, largest.box, margin=FACE_MARGIN), frame_px), ""
