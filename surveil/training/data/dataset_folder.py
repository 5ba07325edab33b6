"""The folder that ``surveil dataset import`` writes, and that training and evaluation read.

``manifest.csv`` lists the faces, ``faces/SHA256.png`` holds each one's pixels without loss, named
by their hash, and ``set_aside.csv`` says what was left out and why.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.classify.preprocess import to_frame
from surveil.domain import EMOTIONS
from surveil.replacing import write_whole
from surveil.training.data.class_folders import is_class_folder, read_class_folders
from surveil.training.data.class_names import ClassNames
from surveil.training.data.manifest import read_manifest
from surveil.training.errors import DataError
from surveil.training.faces import Faces

MANIFEST = "manifest.csv"
FACES = "faces"
SET_ASIDE = "set_aside.csv"


def read_folder_dataset(
    path: Path,
    *,
    frame_px: int | None = None,
    channels: int | None = None,
    names: ClassNames | None = None,
    aside: Counter[str] | None = None,
) -> Faces:
    """Return the faces of an imported dataset, or of class folders, in order.

    Args:
        path: The folder.
        frame_px: Side that faces are brought to; that of the first one by default.
        channels: 1 for grey, 3 for RGB; as the first one is stored by default.
        names: Of class folders: what else they may be called, and which are left out.
        aside: Gets how many files of class folders were left out, by reason.

    Raises:
        DataError: The manifest is wrong, a person is in two splits, a face's file is missing,
            unreadable, or not what its name says; or, of class folders, see
            :func:`~surveil.training.data.class_folders.read_class_folders`.
    """
    if not path.is_dir():
        raise DataError(f"{path}: no such folder")
    if not (path / MANIFEST).is_file():
        if not is_class_folder(path):
            raise DataError(
                f"{path}: neither {MANIFEST} nor a folder named after an expression is in it; "
                "'surveil dataset import' makes a dataset of photographs"
            )
        return read_class_folders(
            path, frame_px=frame_px or 48, channels=channels or 1, names=names, aside=aside
        )
    entries = read_manifest(path / MANIFEST)
    first = read_face(path, entries[0].sha256)
    frame_px = frame_px or first.shape[0]
    channels = channels or (1 if first.ndim == 2 else 3)
    depth = () if channels == 1 else (channels,)
    frames = np.empty((len(entries), frame_px, frame_px, *depth), np.uint8)
    for index, entry in enumerate(entries):
        frames[index] = to_frame(read_face(path, entry.sha256), frame_px, channels)
    return Faces(
        frames=frames,
        labels=np.array([EMOTIONS.index(entry.emotion) for entry in entries], np.int64),
        votes=np.zeros((len(entries), len(EMOTIONS)), np.float32),
        splits=np.array([entry.split.value for entry in entries], dtype="<U10"),
        sources=np.array([entry.source for entry in entries]),
        people=np.array([entry.person for entry in entries]),
        names=np.array([entry.name for entry in entries]),
        groups=np.array([entry.group for entry in entries]),
        sides_px=np.array([entry.side_px for entry in entries], np.float64),
    )


def face_path(folder: Path, sha256: str) -> Path:
    """Return where a face of a dataset is."""
    return folder / FACES / f"{sha256}.png"


def write_face(folder: Path, frame: NDArray[np.uint8]) -> str:
    """Write a frame ``(S, S)`` or RGB ``(S, S, 3)`` and return the hash of its pixels.

    A file that is there already is right: its name is its content.
    """
    sha256 = hashlib.sha256(frame.tobytes()).hexdigest()
    path = face_path(folder, sha256)
    if not path.is_file():
        stored = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        write_whole(path, cv2.imencode(".png", stored)[1].tobytes())
    return sha256


def read_face(folder: Path, sha256: str) -> NDArray[np.uint8]:
    """Return a face's pixels, grey ``(S, S)`` or RGB ``(S, S, 3)``.

    Raises:
        DataError: The file is missing, unreadable, or holds other pixels.
    """
    path = face_path(folder, sha256)
    if not (sha256.isalnum() and path.is_file()):
        raise DataError(f"{path}: no such file, though {MANIFEST} lists it")
    data = np.frombuffer(path.read_bytes(), np.uint8)
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if stored is None:
        raise DataError(f"{path}: not a readable picture")
    frame = stored if stored.ndim == 2 else cv2.cvtColor(stored, cv2.COLOR_BGR2RGB)
    if hashlib.sha256(frame.tobytes()).hexdigest() != sha256:
        raise DataError(f"{path}: its pixels are not those that it is named after")
    return np.asarray(frame, np.uint8)
