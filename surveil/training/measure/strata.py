"""Accuracy on parts of the faces: dark and bright ones, small and large ones, groups of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surveil.proportions import wilson_interval
from surveil.training.data.tables import open_table
from surveil.training.errors import DataError
from surveil.training.faces import Faces
from surveil.training.records.figures import Stratum

RESAMPLES = 1000
MOST_GROUPS = 30
"""Of one column; more are no groups but names."""

_THIRDS = ("lowest third", "middle third", "highest third")

Strata = NDArray[np.str_]
"""Each face's stratum, shape ``(N,)``; empty where unknown."""

Numbers = NDArray[np.float64]
"""A number of each face, shape ``(N,)``, to be cut into thirds; NaN where unknown."""

_UNITS = {"size": " px"}
"""Of numbers, by what they are of."""


def bootstrap_interval(right: NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """Return the 95% interval of the share of ``right``, shape ``(N,)``.

    The percentile interval of 1000 bootstrap resamples (Efron 1979). To draw N faces of N with
    replacement and count those that are right is one draw from the binomial distribution, so no
    resample is made face by face. Where all faces are right or none is, resamples do not differ,
    and would give certainty: the interval is Wilson's then.
    """
    hits = int(right.sum())
    if hits in (0, len(right)):
        return wilson_interval(hits, len(right))
    random = np.random.default_rng(seed)
    shares = random.binomial(len(right), right.mean(), RESAMPLES) / len(right)
    low, high = np.percentile(shares, (2.5, 97.5))
    return float(low), float(high)


def stratify(right: NDArray[np.bool_], by: Mapping[str, Strata | Numbers]) -> list[Stratum]:
    """Return the accuracy on each stratum: thirds as they rise, others by name.

    Args:
        right: Which faces were classified rightly, shape ``(N,)``.
        by: What they are divided by, to each face's stratum, or to its number: thirds are then
            those of just these faces.
    """
    return [
        Stratum(
            by=name,
            stratum=stratum,
            faces=len(part),
            accuracy=float(part.mean()),
            interval=bootstrap_interval(part),
        )
        for name, values in by.items()
        for of_face in [_strata_of(values, _UNITS.get(name, ""))]
        for stratum in sorted(np.unique(of_face[of_face != ""]).tolist(), key=_place)
        for part in [right[of_face == stratum]]
    ]


def _place(stratum: str) -> tuple[int, str]:
    third = stratum.split(",")[0]
    return (_THIRDS.index(third) if third in _THIRDS else 0), stratum


def _strata_of(values: Strata | Numbers, unit: str) -> Strata:
    if values.dtype.kind == "U":
        return values.astype(np.str_)
    return terciles(values.astype(np.float64), unit)


def brightness(frames: NDArray[np.uint8]) -> Numbers:
    """Return each face's mean pixel, 0 to 255; ``frames`` are ``(N, S, S)`` or RGB."""
    return frames.reshape(len(frames), -1).mean(axis=1) if len(frames) else np.empty(0)


def terciles(values: Numbers, unit: str = "") -> Strata:
    """Return which third of all values each belongs to, named by its borders.

    What is NaN belongs to none, and where all are equal there are no thirds.
    """
    known = values[~np.isnan(values)]
    names = np.full(len(values), "", dtype="<U48")
    if not len(known) or known.min() == known.max():
        return names
    low, high = np.percentile(known, (100 / 3, 200 / 3))
    names[values <= low] = f"{_THIRDS[0]}, up to {low:.4g}{unit}"
    names[(values > low) & (values <= high)] = f"{_THIRDS[1]}, up to {high:.4g}{unit}"
    names[values > high] = f"{_THIRDS[2]}, above {high:.4g}{unit}"
    return names


def read_groups(path: Path, columns: Sequence[str], faces: Faces) -> dict[str, Strata | Numbers]:
    """Return each face's group by column of a CSV file.

    A column of more than 30 different numbers stays numbers, to be cut into thirds.

    Args:
        path: Has a column ``name``, the face's name within its source; if it has a column
            ``source`` as well, that must agree too. Faces that are not in it are of no group.
        columns: Those to divide by.
        faces: Those to be grouped.

    Raises:
        DataError: The file or a column is missing, a face is in it twice, none of the faces is in
            it, or a column holds more than 30 different texts.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    with open_table(path, ("name", *columns)) as table:
        by_source = "source" in table.columns
        for line, row in table:
            key = (row["source"] if by_source else "", row["name"])
            if key in rows:
                raise DataError(f"{path}: line {line}: {row['name']} is there twice")
            rows[key] = row
    keys = [
        (source if by_source else "", name)
        for source, name in zip(faces.sources.tolist(), faces.names.tolist(), strict=True)
    ]
    if not any(key in rows for key in keys):
        raise DataError(f"{path}: none of the faces is in it; names are like {keys[0][1]!r}")
    return {column: _grouped(path, column, [rows.get(key) for key in keys]) for column in columns}


def _grouped(path: Path, column: str, rows: Sequence[dict[str, str] | None]) -> Strata | Numbers:
    texts = [row[column] if row else "" for row in rows]
    different = {text for text in texts if text}
    if len(different) <= MOST_GROUPS:
        return np.array(texts, dtype=np.str_)
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        raise DataError(
            f"{path}: column {column} holds {len(different)} different texts; "
            f"groups may be at most {MOST_GROUPS}"
        ) from None
