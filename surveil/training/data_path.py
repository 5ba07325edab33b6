"""Read labelled faces from a path of any kind that needs no configuration."""

from __future__ import annotations

from pathlib import Path

from surveil.training.class_folders import is_class_folder
from surveil.training.dataset_folder import MANIFEST, read_folder_dataset
from surveil.training.errors import DataError
from surveil.training.faces import Faces
from surveil.training.fer2013 import is_fer2013, read_uncleaned


def read_path(path: Path) -> Faces:
    """Return the faces of a path as they are stored, nothing dropped and no split drawn.

    Args:
        path: A dataset that was imported, class folders, or FER2013: Kaggle's CSV file, or a
            folder with it or with its parquet files.

    Raises:
        DataError: It is none of them, or something in it is wrong.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        if is_fer2013(path):
            return read_uncleaned(path)
        if not (path / MANIFEST).is_file() and not is_class_folder(path):
            raise DataError(
                f"{path}: neither {MANIFEST}, nor FER2013, nor a folder named after an expression "
                "is in it; a data folder of several collections needs a training configuration "
                "(--config)"
            )
        return read_folder_dataset(path)
    if path.suffix.lower() == ".csv":
        return read_uncleaned(path)
    raise DataError(
        f"{path}: neither a folder nor FER2013's CSV file; photographs in a parquet file are read "
        "by a training configuration (--config)"
    )
