"""Bring together all faces that a configuration asks for, once; later runs read the cache."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from surveil.classify.crop import FACE_MARGIN
from surveil.detect import Detector
from surveil.training.config import Data, TrainConfig
from surveil.training.custom import SplitRule, import_custom
from surveil.training.errors import DataError
from surveil.training.faces import Faces, join, write_manifest
from surveil.training.fer2013 import read_fer2013

log = logging.getLogger(__name__)

IMPORT_VERSION = 1
"""Rises when faces are found or cut out differently, so that older caches are not used."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """All faces of a run.

    Attributes:
        faces: Of all splits and sources.
        sha256: Hash of the manifest: names this exact data and split.
        set_aside: Pictures left out, by reason.
        repeated: Digests of test pictures that were among the training rows before those were
            dropped.
    """

    faces: Faces
    sha256: str
    set_aside: dict[str, int]
    repeated: frozenset[str]


def load_dataset(
    config: TrainConfig,
    data_dir: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Dataset:
    """Return a configuration's faces and write their manifest into the cache.

    Args:
        config: Says which sources and how they are split.
        data_dir: The configuration's data paths are relative to it.
        cache_dir: Holds imported custom faces; may be deleted at any time.
        detector: Makes the face detector if custom pictures must be imported.
        progress: Called while they are.

    Raises:
        DataError: A source is missing or wrong.
    """
    data = config.data
    faces, dropped = read_fer2013(
        data_dir / data.fer2013, validation_percent=data.validation_percent
    )
    set_aside = {
        "fer2013 equal to test": dropped.equal_to_test,
        "fer2013 blank": dropped.blank,
    }
    if data.custom is not None:
        custom, reasons = _custom(data, data_dir / data.custom, cache_dir, detector, progress)
        faces = join([faces, custom])
        set_aside |= {f"custom {reason}": count for reason, count in reasons.items()}
    cache_dir.mkdir(parents=True, exist_ok=True)
    digest = write_manifest(faces, cache_dir / "manifest.csv")
    return Dataset(faces, digest, set_aside, dropped.in_test)


def _custom(
    data: Data,
    parquet: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None],
) -> tuple[Faces, dict[str, int]]:
    rules = {name: SplitRule(**rule.model_dump()) for name, rule in data.custom_people.items()}
    if not parquet.is_file():
        raise DataError(f"{parquet}: no such file")
    with parquet.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    how: dict[str, Any] = {name: asdict(rule) for name, rule in sorted(rules.items())}
    key = json.dumps([IMPORT_VERSION, FACE_MARGIN, content, how])
    cached = cache_dir / f"custom-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    if not cached.is_file():
        faces, reasons = import_custom(parquet, detector(), rules, progress=progress)
        cache_dir.mkdir(parents=True, exist_ok=True)
        fresh = cached.with_suffix(".new.npz")
        columns = {field.name: getattr(faces, field.name) for field in fields(faces)}
        np.savez_compressed(fresh, reasons=np.array(json.dumps(reasons)), **columns)
        fresh.replace(cached)
    with np.load(cached, allow_pickle=False) as stored:
        faces = Faces(**{field.name: stored[field.name] for field in fields(Faces)})
        return faces, json.loads(str(stored["reasons"]))
