"""Read cut-out faces from folders named after their expression."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from surveil.classify.preprocess import to_frame
from surveil.domain import EMOTIONS, Emotion
from surveil.models.taxonomy import emotion_hint, emotion_of
from surveil.training.data.pictures import PHOTOGRAPHS, read_photograph
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, mark_repeated

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
    folders = _folders(root)
    inner = [f for folder in folders if folder.name.lower() in SPLITS for f in _folders(folder)]
    return any(emotion_of(folder.name) is not None for folder in (*folders, *inner))


def read_class_folders(
    root: Path, *, frame_px: int = 48, channels: int = 1, source: str | None = None
) -> Faces:
    """Return the faces of ``root/CLASS/*.png`` or ``root/SPLIT/CLASS/*.png``, sorted by path.

    Classes are named as :func:`surveil.models.taxonomy.emotion_of` knows them. Without folders of
    splits all faces have the split train.

    Args:
        root: The folder.
        frame_px: Side that faces are brought to, padded if they are not square.
        channels: 1 for grey, 3 for RGB.
        source: Name of the collection; the folder's by default.

    Raises:
        DataError: A class that no taxonomy knows, a folder of a split without faces, an unreadable
            picture, or no face at all.
    """
    files = _files(root)
    if not files:
        raise DataError(f"{root}: there is no picture in its class folders")
    depth = () if channels == 1 else (channels,)
    frames = np.empty((len(files), frame_px, frame_px, *depth), np.uint8)
    for index, (file, _, _) in enumerate(files):
        frames[index] = to_frame(read_photograph(file), frame_px, channels)
    count = len(files)
    faces = Faces(
        frames=frames,
        labels=np.array([EMOTIONS.index(emotion) for _, _, emotion in files], np.int64),
        votes=np.zeros((count, len(EMOTIONS)), np.float32),
        splits=np.array([split.value for _, split, _ in files], dtype="<U10"),
        sources=np.full(count, source or root.resolve().name),
        people=np.full(count, "", dtype="<U64"),
        names=np.array([file.relative_to(root).as_posix() for file, _, _ in files]),
    )
    return mark_repeated([faces])[0]


def unknown_class(folder: Path, name: str) -> str:
    """Return what is said of a folder that should be named after an expression, and is not."""
    hint, known = emotion_hint(name), ", ".join(emotion.value for emotion in EMOTIONS)
    listed = "" if "known are" in hint else f" Known are {known}."
    return f"{folder}: no taxonomy knows the class {name!r}{hint}{listed}"


def _files(root: Path) -> list[tuple[Path, Split, Emotion]]:
    found: list[tuple[Path, Split, Emotion]] = []
    folders = _folders(root)
    if any(folder.name.lower() in SPLITS for folder in folders):
        for folder in folders:
            split = SPLITS.get(folder.name.lower())
            if split is None:
                raise DataError(
                    f"{folder}: beside folders of splits there may be only those; "
                    f"known are {', '.join(SPLITS)}"
                )
            inner = [entry for f in _folders(folder) for entry in _of_class(f, split)]
            if not inner:
                raise DataError(f"{folder}: the {split.value} split is empty")
            found += inner
        return found
    return [entry for folder in folders for entry in _of_class(folder, Split.TRAIN)]


def _of_class(folder: Path, split: Split) -> list[tuple[Path, Split, Emotion]]:
    emotion = emotion_of(folder.name)
    if emotion is None:
        raise DataError(unknown_class(folder, folder.name))
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PHOTOGRAPHS)
    return [(file, split, emotion) for file in files]


def _folders(root: Path) -> list[Path]:
    return sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
