"""Read labelled faces from a path of any kind that needs no configuration."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from surveil.training.data.class_folders import is_class_folder
from surveil.training.data.class_names import ClassNames
from surveil.training.data.dataset_folder import MANIFEST, read_folder_dataset
from surveil.training.data.fer2013 import is_fer2013, read_uncleaned
from surveil.training.errors import DataError
from surveil.training.faces import Faces


def is_dataset(path: Path) -> bool:
    """Return whether a path looks like one that :func:`read_path` takes."""
    if path.is_dir():
        return is_fer2013(path) or (path / MANIFEST).is_file() or is_class_folder(path)
    return path.is_file() and path.suffix.lower() == ".csv"


def read_path(
    path: Path,
    *,
    frame_px: int | None = None,
    channels: int | None = None,
    names: ClassNames | None = None,
    aside: Counter[str] | None = None,
) -> Faces:
    """Return the faces of a path as they are stored, nothing dropped and no split drawn.

    Args:
        path: A dataset that was imported, class folders, or FER2013: Kaggle's CSV file, or a
            folder with it or with its parquet files.
        frame_px: Side that faces of folders are brought to, as training brings them to its own.
        channels: 1 or 3, of these likewise. FER2013 stays as it is stored, 48 px and grey.
        names: Of class folders: what else they may be called, and which are left out.
        aside: Gets how many files of class folders were left out, by reason.

    Raises:
        DataError: It is none of them, or something in it is wrong.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        if is_fer2013(path):
            return read_uncleaned(path)
        if not is_dataset(path):
            raise DataError(
                f"{path}: neither {MANIFEST}, nor FER2013, nor a folder named after an expression "
                "is in it; a data folder of several collections needs a training configuration "
                "(--config)"
            )
        return read_folder_dataset(
            path, frame_px=frame_px, channels=channels, names=names, aside=aside
        )
    if path.suffix.lower() == ".csv":
        return read_uncleaned(path)
    raise DataError(
        f"{path}: neither a folder nor FER2013's CSV file; photographs in a parquet file are read "
        "by a training configuration (--config)"
    )
