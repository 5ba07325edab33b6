"""Read parquet files of other makers, which may be anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from surveil.training.errors import DataError

IMAGE = "image"
"""The column of encoded pictures."""


def read_parquet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a file's table, with these columns at least; every cell of ``image`` holds bytes.

    Raises:
        DataError: The file or a column is missing, it is no parquet, or an image is empty; the
            message names the row, counted from 0.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        table = pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's own errors derive from these
        raise DataError(f"{path}: not a parquet file: {error}") from error
    if missing := sorted(set(columns) - set(table.columns)):
        raise DataError(f"{path}: column {', '.join(missing)} is missing")
    for row, data in enumerate(table.get(IMAGE, ())):
        if not isinstance(data, bytes) or not data:
            raise DataError(f"{path}: row {row}: image holds no bytes")
    return table
