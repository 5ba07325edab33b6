"""A small FER2013 as parquet files hold it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray


def png(frame: NDArray[np.uint8]) -> bytes:
    ok, data = cv2.imencode(".png", frame)
    assert ok
    return data.tobytes()


def write_table(path: Path, frames: list[NDArray[np.uint8]], first_row: int = 0) -> None:
    pd.DataFrame(
        {
            "csv_row": range(first_row, first_row + len(frames)),
            "emotion": [index % 7 for index in range(len(frames))],
            "image": [png(frame) for frame in frames],
        }
    ).to_parquet(path)


def noise(count: int, seed: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(count)]


def write_fer2013(folder: Path) -> Path:
    """Write 28 training pictures, one blank and one equal to one of the 7 of PublicTest."""
    folder.mkdir()
    test = noise(7, seed=1)
    first, second = noise(14, seed=2), noise(14, seed=3)
    first[3] = np.full((48, 48), 7, np.uint8)
    second[5] = test[2]
    second[6] = first[0]  # a repetition within training
    write_table(folder / "train-0.parquet", first)
    write_table(folder / "train-1.parquet", second, 14)
    write_table(folder / "publictest.parquet", test, 28)
    return folder
