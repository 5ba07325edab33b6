"""Which faces a stored model is evaluated on, and whether it has learned from any of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from surveil.classify import to_frame
from surveil.classify.networks import StoredModel
from surveil.detect import Detector
from surveil.errors import ConfigError
from surveil.models.facts import first_fault
from surveil.training.config import TrainConfig
from surveil.training.data.class_names import ClassNames
from surveil.training.data.dataset import load_dataset
from surveil.training.data.manifest import kept_manifest, manifest_of, read_manifest
from surveil.training.data.path import is_dataset, read_path
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split
from surveil.training.records.wording import several

TOO_GOOD = "some of these faces may have been trained on, and the figures are then too good"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Faces to evaluate on.

    Attributes:
        faces: Of all splits; without those that are known to have been learned, unless they are
            the very data that the model was trained with.
        split: To be reported on; ``None`` is all faces.
        sha256: Of the manifest of all faces that were read.
        same_data: Whether that is the data, split alike, that the model was trained with.
        learned: How many faces were left out because a model was fitted to them or chosen by them.
        config: The training configuration that named the data; ``None`` where a path did.
        warnings: Sentences on what the figures do not prove.
        rival_unsure: Whether the other model may have learned some of the faces.
    """

    faces: Faces
    split: Split | None
    sha256: str
    same_data: bool
    learned: int
    config: TrainConfig | None
    warnings: tuple[str, ...]
    rival_unsure: bool

    @property
    def chosen(self) -> str:
        """Words for what is reported on."""
        return f"{self.split.value} split" if self.split else "all faces"

    @property
    def sources(self) -> tuple[str, ...]:
        """The collections that are reported on, in order."""
        faces = self.faces.only(self.split) if self.split else self.faces
        return tuple(dict.fromkeys(faces.sources.tolist()))


def load_material(
    model: StoredModel,
    data: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    *,
    split: Split | None = None,
    config: TrainConfig | None = None,
    rival: StoredModel | None = None,
    names: ClassNames | None = None,
) -> Material:
    """Return the faces below a path.

    A path that holds what the model was trained with is read as training read it, and its test
    split is reported on. A path that is a dataset itself (class folders, an imported dataset,
    FER2013) is read whole: all its faces are reported on but those that are known to have been
    learned, or its test split alone if the model was trained with faces of the same source.

    Args:
        model: To be evaluated.
        data: The path.
        cache_dir: Holds imported faces and manifests of what was trained with.
        detector: Makes the face detector if custom pictures must be imported.
        split: To be reported on, if not as said above.
        config: Read the path as the data folder of this configuration.
        rival: A model to compare with, which should not have learned the faces either.
        names: What class folders are called, and which are left out.

    Raises:
        ConfigError: The path is no dataset, and the model's own configuration is of no use.
        DataError: The path is neither, or something in it is wrong.
    """
    settings = config or _own_config(model, data)
    if settings is not None:
        return _by_config(model, settings, data, cache_dir, detector, split, rival)
    how = model.facts.preprocessing
    aside: Counter[str] = Counter()
    faces = read_path(data, frame_px=how.frame_px, channels=how.channels, names=names, aside=aside)
    # Training may have seen them as they are stored, where FER2013 was alone.
    views = (faces, read_path(data, names=names))
    sha256 = hashlib.sha256(manifest_of(faces).encode()).hexdigest()
    sources = set(faces.sources.tolist())
    shared = sorted(sources & set(_sources(model)))
    learned = np.zeros(len(faces), bool)
    warnings = _left_out(aside)
    for some in (model, rival):
        known = learned_by(some, views, cache_dir) if some else None
        learned |= known if known is not None else False
        if some is model and known is None:
            warnings.append(_unchecked(shared, sources))
        if some is rival and rival is not None:
            unsure = known is None and bool(sources & set(_sources(rival)))
    return Material(
        faces=faces.where(~learned),
        split=split or (Split.TEST if shared else None),
        sha256=sha256,
        same_data=False,
        learned=int(learned.sum()),
        config=None,
        warnings=tuple(warnings),
        rival_unsure=rival is not None and unsure,
    )


def _by_config(
    model: StoredModel,
    config: TrainConfig,
    data: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    split: Split | None,
    rival: StoredModel | None,
) -> Material:
    dataset = load_dataset(config, data, cache_dir, detector)
    split = split or Split.TEST
    same = dataset.sha256 == model.facts.training.get("manifest_sha256")
    warnings = []
    if not same:
        warnings.append(f"Data or split differ from those the model was trained with: {TOO_GOOD}.")
    elif split is not Split.TEST:
        how = "fitted to" if split is Split.TRAIN else "chosen by"
        warnings.append(
            f"These are faces of the {split.value} split, which the model was {how}: they do not "
            "tell how good it is on others."
        )
    unsure = False
    if rival is not None and rival.facts.training.get("manifest_sha256") != dataset.sha256:
        known = learned_by(rival, [dataset.faces.only(split)], cache_dir)
        unsure = known is None or bool(known.any())
    return Material(
        dataset.faces, split, dataset.sha256, same, 0, config, tuple(warnings), unsure
    )  # fmt: skip


def check_faces(material: Material, model: StoredModel, data: Path) -> None:
    """Refuse material without a face to report on, and say where there are some.

    Raises:
        DataError: The split holds no face of a class that the model knows.
    """
    known = model.facts.taxonomy.labels_of(material.faces.labels) >= 0
    splits = material.faces.splits[known].tolist()
    if material.split.value in splits if material.split else splits:
        return
    others = [
        f"{splits.count(split.value)} in {split.value}" for split in Split if split.value in splits
    ]
    where = f"the {material.split.value} split" if material.split else "it"
    raise DataError(
        f"{data}: {where} holds no face of a class that {model.facts.name} knows"
        + (f"; there are {several(others)} (--split)" if others else "")
        + (f"; {material.learned} that it has learned were left out" if material.learned else "")
    )


def learned_by(
    model: StoredModel, views: Sequence[Faces], cache_dir: Path
) -> NDArray[np.bool_] | None:
    """Return which faces a model was fitted to or chosen by, shape ``(N,)``.

    A face is known by its pixels, as given and at the model's size, or by its name within its
    source, as manifests list both.

    Args:
        model: As stored.
        views: The same N faces at one or more sizes.
        cache_dir: Where training keeps manifests.

    Returns:
        ``None`` where the manifest of the model's training is not there.
    """
    path = kept_manifest(cache_dir, str(model.facts.training.get("manifest_sha256")))
    if path is None:
        return None
    used = [entry for entry in read_manifest(path) if entry.split is not Split.TEST]
    digests = {entry.sha256 for entry in used}
    names = {(entry.source, entry.name) for entry in used}
    how = model.facts.preprocessing
    rows = zip(views[0].sources.tolist(), views[0].names.tolist(), strict=True)
    found = np.array([row in names for row in rows], dtype=bool)
    for faces in views:
        for index, frame in enumerate(faces.frames):
            for pixels in (frame, to_frame(frame, how.frame_px, how.channels)):
                found[index] |= hashlib.sha256(pixels.tobytes()).hexdigest() in digests
    return found


def _own_config(model: StoredModel, data: Path) -> TrainConfig | None:
    """Return what a model was trained with, or ``None`` if the path holds none of it."""
    try:
        config = TrainConfig.model_validate(model.facts.training.get("config", {}))
    except ValidationError as error:
        if is_dataset(data):
            return None
        raise ConfigError(
            f"{model.folder}: model.json: training.config: {first_fault(error)}; "
            "give the data's configuration with --config"
        ) from error
    named = (config.data.fer2013, config.data.custom, *config.data.datasets)
    held = any((data / part).exists() for part in named if part is not None)
    return config if held else None


def _sources(model: StoredModel) -> Sequence[str]:
    return [str(source) for source in model.facts.training.get("sources", ())]


def _left_out(aside: Counter[str]) -> list[str]:
    if not aside:
        return []
    said = [f"{count} ({reason})" for reason, count in aside.most_common()]
    return [f"Files that were left out: {several(said)}."]


def _unchecked(shared: Sequence[str], sources: set[str]) -> str:
    missing = "the manifest of its training is not in the cache of --runs"
    if shared:
        return (
            f"The model was trained with faces of {several(shared)} too, and which ones is not "
            f"known here ({missing}): {TOO_GOOD}."
        )
    return (
        f"The model was trained with no collection called {several(sorted(sources), 'or')}; "
        f"whether it has learned any of these faces under another name was not checked: {missing}."
    )
