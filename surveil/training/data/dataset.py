"""Bring together all faces that a configuration asks for, once; later runs read the cache."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from surveil.classify.crop import FACE_MARGIN
from surveil.detect import Detector
from surveil.replacing import replacing
from surveil.training.config import TrainConfig
from surveil.training.data.class_names import ClassNames
from surveil.training.data.custom import Found, SplitRule, find_faces, import_custom, read_table
from surveil.training.data.dataset_folder import read_folder_dataset
from surveil.training.data.fer2013 import read_fer2013
from surveil.training.data.manifest import check_people, keep_manifest, namesakes, write_manifest
from surveil.training.errors import DataError
from surveil.training.faces import COLUMNS, Faces, join, unlearned

log = logging.getLogger(__name__)

IMPORT_VERSION = 1
"""Rises when faces are found or cut out differently, so that older caches are not used."""

SPLIT_VERSION = 2
"""Likewise for names and splits, which are had again without looking for faces."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """All faces of a run.

    Attributes:
        faces: Of all splits and sources.
        sha256: Hash of the manifest: names this exact data and split.
        set_aside: Pictures left out, by reason.
    """

    faces: Faces
    sha256: str
    set_aside: dict[str, int]


def load_dataset(
    config: TrainConfig,
    data_dir: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    final_exam: bool = False,
) -> Dataset:
    """Return a configuration's faces and write their manifest into the cache.

    Photographs and imported datasets are brought to the configuration's size and colour. FER2013
    stays as it is, 48 px and grey, where it is alone: training and serving enlarge it batch by
    batch. Beside others it is enlarged with them: 30,000 faces of 100 px in colour are 0.9 GB.

    Args:
        config: Says which sources and how they are split.
        data_dir: The configuration's data paths are relative to it.
        cache_dir: Holds imported custom faces; may be deleted at any time.
        detector: Makes the face detector if custom pictures must be imported.
        progress: Called while they are.
        final_exam: Give FER2013's PrivateTest as its test split; it is not read otherwise.

    Raises:
        DataError: A source is missing or wrong, none is named, or a person is in two splits.
    """
    parts, set_aside = _parts(config, data_dir, cache_dir, detector, progress, final_exam)
    faces = join(parts)
    del parts
    check_people(config.name, faces)
    for remark in namesakes(faces):
        log.warning("%s: %s", config.name, remark)
    total = len(faces)
    faces = unlearned(faces)
    if leaked := total - len(faces):
        set_aside["equal to a face held out"] = leaked
        log.warning(
            "%s: %d faces to learn from equal faces held out, and were left out",
            config.name, leaked,
        )  # fmt: skip
    cache_dir.mkdir(parents=True, exist_ok=True)
    digest = write_manifest(faces, cache_dir / "manifest.csv")
    keep_manifest(cache_dir, digest)
    return Dataset(faces, digest, set_aside)


def _parts(
    config: TrainConfig,
    data_dir: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None],
    final_exam: bool,
) -> tuple[list[Faces], dict[str, int]]:
    """Return the faces of each source, and how many files or rows were left out and why."""
    data = config.data
    parts: list[Faces] = []
    set_aside: dict[str, int] = {}
    if data.fer2013 is not None:
        path = data_dir / data.fer2013
        if not path.exists():
            raise DataError(
                f"{path}: no such file or folder; to do without FER2013, its default, a "
                "configuration says data: {fer2013: null}"
            )
        faces, dropped = read_fer2013(
            path,
            validation_percent=data.validation_percent,
            final_exam=final_exam,
        )
        parts.append(faces)
        set_aside |= {
            "fer2013 equal to test": dropped.equal_to_test,
            "fer2013 blank": dropped.blank,
        }
    if data.custom is not None:
        custom, reasons = _custom(config, data_dir / data.custom, cache_dir, detector, progress)
        parts.append(custom)
        set_aside |= {f"custom {reason}": count for reason, count in reasons.items()}
    names = ClassNames(data.digits, frozenset(data.leave_out))
    for folder in data.datasets:
        aside: Counter[str] = Counter()
        parts.append(
            read_folder_dataset(
                data_dir / folder,
                frame_px=config.input.frame_px,
                channels=config.architecture.channels,
                names=names,
                aside=aside,
            )
        )
        set_aside |= {f"{folder.name} {reason}": count for reason, count in aside.items()}
    if not parts:
        raise DataError(
            f"{config.name}: no data is named; give data.fer2013, data.custom or data.datasets"
        )
    return parts, set_aside


def _custom(
    config: TrainConfig,
    parquet: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None],
) -> tuple[Faces, dict[str, int]]:
    rules = {
        name: SplitRule(**rule.model_dump()) for name, rule in config.data.custom_people.items()
    }
    if not parquet.is_file():
        raise DataError(f"{parquet}: no such file")
    with parquet.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    frame_px, channels = config.input.frame_px, config.architecture.channels
    how: dict[str, Any] = {name: asdict(rule) for name, rule in sorted(rules.items())}
    key: list[Any] = [IMPORT_VERSION, SPLIT_VERSION, FACE_MARGIN, content, how]
    if (frame_px, channels) != (48, 1):
        key += [frame_px, channels]
    cached = _cache_file(cache_dir, "custom", key)
    if not (cached.is_file() and _is_whole(cached)):
        read_table(parquet, rules)
        found = _found(parquet, content, cache_dir, detector, progress)
        faces, reasons = import_custom(parquet, found, rules, frame_px=frame_px, channels=channels)
        columns = {column: getattr(faces, column) for column in COLUMNS}
        _store(cached, reasons=np.array(json.dumps(reasons)), **columns)
    with np.load(cached, allow_pickle=False) as stored:
        faces = Faces(**{column: stored[column] for column in COLUMNS})
        return faces, json.loads(str(stored["reasons"]))


def _is_whole(cached: Path) -> bool:
    """Return whether a cached file has every column; an older surveil knew fewer."""
    with np.load(cached, allow_pickle=False) as stored:
        return set(COLUMNS) <= set(stored)


def _found(
    parquet: Path,
    content: str,
    cache_dir: Path,
    detector: Callable[[], Detector],
    progress: Callable[[int, int], None],
) -> list[Found]:
    """Return where the faces are, which does not depend on size, colour or split."""
    cached = _cache_file(cache_dir, "boxes", [IMPORT_VERSION, content])
    if not cached.is_file():
        found = find_faces(parquet, detector(), progress=progress)
        _store(
            cached,
            boxes=np.array([face.box for face in found], np.float64).reshape(-1, 4),
            reasons=np.array([face.reason for face in found], dtype="<U16"),
        )
    with np.load(cached, allow_pickle=False) as stored:
        rows = zip(stored["boxes"].tolist(), stored["reasons"].tolist(), strict=True)
        return [Found((box[0], box[1], box[2], box[3]), reason) for box, reason in rows]


def _cache_file(cache_dir: Path, kind: str, key: list[Any]) -> Path:
    return cache_dir / f"{kind}-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.npz"


def _store(path: Path, **arrays: Any) -> None:
    """Write a file of the cache; another run sees it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as fresh:
        np.savez_compressed(fresh, **arrays)
