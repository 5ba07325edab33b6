"""Read cut-out faces from folders named after their expression."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from surveil.classify.preprocess import to_frame
from surveil.domain import EMOTIONS, Emotion
from surveil.training.data.class_names import ClassNames
from surveil.training.data.pictures import PHOTOGRAPHS, read_photograph
from surveil.training.data.tree import beside_folders, folders_in, shown, walk
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, mark_repeated

log = logging.getLogger(__name__)

MOST_NAMED = 5
"""So many unreadable pictures are named; all are counted."""

MOST_STRETCHED = 4
"""A picture whose longer side is more than so many times the shorter one is no cut-out face."""

SPLITS = {
    "train": Split.TRAIN, "training": Split.TRAIN,
    "validation": Split.VALIDATION, "valid": Split.VALIDATION, "val": Split.VALIDATION,
    "test": Split.TEST, "testing": Split.TEST, "publictest": Split.TEST,
}  # fmt: skip
"""What folders of splits are called, in lower case."""


def is_class_folder(root: Path) -> bool:
    """Return whether a folder holds one of an expression, or of a split with one of an expression.

    One is enough: then a folder that no taxonomy knows is an error and not another kind of data.
    """
    folders = folders_in(root)
    inner = [f for folder in folders if folder.name.lower() in SPLITS for f in folders_in(folder)]
    return any(ClassNames().may_be_class(folder.name) for folder in (*folders, *inner))


def read_class_folders(
    root: Path,
    *,
    frame_px: int = 48,
    channels: int = 1,
    source: str | None = None,
    names: ClassNames | None = None,
    aside: Counter[str] | None = None,
) -> Faces:
    """Return the faces of ``root/CLASS/*.png`` or ``root/SPLIT/CLASS/*.png``, sorted by path.

    Classes are named as :func:`surveil.models.taxonomy.emotion_of` knows them. Without folders of
    splits all faces have the split train. A picture that cannot be read, or is too long to be of a
    face, is set aside.

    Args:
        root: The folder.
        frame_px: Side that faces are brought to, padded if they are not square.
        channels: 1 for grey, 3 for RGB.
        source: Name of the collection; the folder's by default.
        names: What else classes may be called, and which are left out.
        aside: Gets how many files were left out, by reason.

    Raises:
        DataError: A class that no taxonomy knows, a folder of a split without faces, or no face
            at all.
    """
    aside = Counter() if aside is None else aside
    files = _files(root, names or ClassNames(), aside)
    if not files:
        left = f" ({_told(aside)})" if aside else ""
        raise DataError(f"{root}: there is no picture in its class folders{left}")
    depth = () if channels == 1 else (channels,)
    frames = np.empty((len(files), frame_px, frame_px, *depth), np.uint8)
    kept: list[_File] = []
    for file in files:
        try:
            face = read_photograph(file.path)
            if max(face.shape[:2]) > MOST_STRETCHED * min(face.shape[:2]):
                aside[f"sides beyond {MOST_STRETCHED}:1"] += 1
                continue
            frames[len(kept)] = to_frame(face, frame_px, channels)
        except (DataError, cv2.error, ValueError) as error:
            if aside["unreadable"] < MOST_NAMED:
                log.warning("set aside: %s", error)
            aside["unreadable"] += 1
            continue
        kept.append(file)
    if not kept:
        raise DataError(f"{root}: none of its {len(files)} pictures can be used ({_told(aside)})")
    faces = Faces(
        frames=frames[: len(kept)],
        labels=np.array([EMOTIONS.index(file.emotion) for file in kept], np.int64),
        votes=np.zeros((len(kept), len(EMOTIONS)), np.float32),
        splits=np.array([file.split.value for file in kept], dtype="<U10"),
        sources=np.full(len(kept), source or shown(Path(root.resolve().name))),
        people=np.full(len(kept), "", dtype="<U64"),
        names=np.array([shown(file.path.relative_to(root)) for file in kept]),
    )
    return mark_repeated([faces])[0]


def _told(aside: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in aside.most_common())


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    split: Split
    emotion: Emotion


def _files(root: Path, names: ClassNames, aside: Counter[str]) -> list[_File]:
    folders = folders_in(root)
    if not any(folder.name.lower() in SPLITS for folder in folders):
        return _of_split(root, Split.TRAIN, names, aside)
    _count_loose(root, aside)
    found: list[_File] = []
    for folder in folders:
        split = SPLITS.get(folder.name.lower())
        if split is None:
            raise DataError(
                f"{shown(folder)}: beside folders of splits there may be only those; "
                f"known are {', '.join(SPLITS)}"
            )
        inner = _of_split(folder, split, names, aside)
        if not inner:
            raise DataError(f"{shown(folder)}: the {split.value} split is empty")
        found += inner
    return found


def _of_split(root: Path, split: Split, names: ClassNames, aside: Counter[str]) -> list[_File]:
    folders = folders_in(root)
    called = [shown(Path(folder.name)) for folder in folders]
    if mapping := names.mapping(called):
        log.warning("%s: %s", shown(root), mapping)
    _count_loose(root, aside)
    found = []
    for folder, name in zip(folders, called, strict=True):
        tree = walk(folder, PHOTOGRAPHS)
        if names.leaves_out(name):
            aside[f"class {name} left out"] += len(tree.files)
            continue
        emotion = names.emotion_of(name, shown(folder), called)
        aside.update(tree.counts)
        found += [_File(file, split, emotion) for file in tree.files]
    return found


def _count_loose(root: Path, aside: Counter[str]) -> None:
    tree = beside_folders(root, PHOTOGRAPHS)
    aside.update(tree.counts)
    if tree.files:
        aside["in no class folder"] += len(tree.files)
