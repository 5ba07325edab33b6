"""Which faces a run trains on and is chosen by."""

from __future__ import annotations

import logging

import numpy as np

from surveil.domain import EMOTIONS
from surveil.training.config import TrainConfig
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split, repeat

log = logging.getLogger(__name__)


def training_faces(config: TrainConfig, faces: Faces) -> Faces:
    """Return the training split's faces of the run's classes, limited and repeated as it says.

    Raises:
        DataError: There is none, or there are fewer than one batch, or a part is asked of a source
            that is not there.
    """
    _check_sources(config, faces)
    chosen = _of_classes(config, faces, Split.TRAIN)
    counts = np.bincount(
        config.classes.labels_of(chosen.labels), minlength=len(config.classes.classes)
    )
    for emotion, count in zip(config.classes.classes, counts.tolist(), strict=True):
        if not count:
            log.warning("%s: no training face is labelled %s", config.name, emotion.value)
    chosen = _drawn(config, chosen)
    chosen = repeat(chosen, config.data.repeat)
    if len(chosen) < config.batch:
        raise DataError(
            f"{config.name}: {len(chosen)} training faces do not fill one batch of "
            f"{config.batch}; lower 'batch' or add faces"
        )
    return chosen


def _check_sources(config: TrainConfig, faces: Faces) -> None:
    known = np.unique(faces.sources).tolist()
    for key in ("repeat", "percent_of"):
        for name in getattr(config.data, key):
            if name not in known:
                raise DataError(
                    f"{config.name}: data.{key}: there is no source {name!r}; "
                    f"those there are: {', '.join(known)}"
                )


def _drawn(config: TrainConfig, faces: Faces) -> Faces:
    """Return the share of each source's faces and the number of each class's that are used."""
    data = config.data
    if data.limit_per_class is None and not data.percent_of:
        return faces
    random = np.random.default_rng(config.seed)
    kept = []
    for source in np.unique(faces.sources):
        percent = data.percent_of.get(str(source), 100)
        for label in range(len(EMOTIONS)):
            at = random.permutation(
                np.flatnonzero((faces.labels == label) & (faces.sources == source))
            )
            count = round(len(at) * percent / 100)
            kept.append(at[: min(count, data.limit_per_class or count)])
    return faces.where(np.sort(np.concatenate(kept)))


def validation_faces(config: TrainConfig, faces: Faces) -> Faces:
    """Return the validation split's faces of the run's classes.

    Raises:
        DataError: There is none.
    """
    return _of_classes(config, faces, Split.VALIDATION)


def check_test_split(config: TrainConfig, faces: Faces) -> None:
    """Check that the finished model can be measured.

    Raises:
        DataError: The test split holds no face of the run's classes.
    """
    _of_classes(config, faces, Split.TEST)


def _of_classes(config: TrainConfig, faces: Faces, split: Split) -> Faces:
    chosen = faces.only(split)
    chosen = chosen.where(config.classes.labels_of(chosen.labels) >= 0)
    if not len(chosen):
        raise DataError(
            f"{config.name}: the {split.value} split holds no face of taxonomy "
            f"{config.taxonomy!r} ({', '.join(e.value for e in config.classes.classes)})"
        )
    return chosen
