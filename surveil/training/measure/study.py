"""Everything that is measured of a model: the figures of its sets, and what spoils them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveil.classify import to_frame
from surveil.classify.networks import StoredModel
from surveil.errors import ConfigError
from surveil.models import Preprocessing
from surveil.models.calibration import Calibration
from surveil.models.taxonomy import Taxonomy
from surveil.training.faces import Faces, Split
from surveil.training.logits import logits_of
from surveil.training.measure.audit import Audit, audit
from surveil.training.measure.evaluation import (
    Part,
    all_scores,
    evaluate_logits,
    hits_of,
    known_faces,
    parts_of,
)
from surveil.training.measure.mcnemar import McNemar, mcnemar
from surveil.training.measure.metrics import ClassIndices, calibration_error, log_loss
from surveil.training.measure.robustness import CONDITIONS, spoil
from surveil.training.measure.runner import Runner
from surveil.training.measure.selective import Ranked, rank
from surveil.training.measure.strata import Numbers, Strata, brightness, stratify
from surveil.training.measure.switch_study import SwitchStudy, make_pool, study_switches
from surveil.training.measure.temperature import fit_calibration, fit_temperature
from surveil.training.measure.ten_crop import ten_crop_scores
from surveil.training.records.figures import SetFigures, Spoilt, plain

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Against:
    """Another model on the same faces and the classes that both know."""

    model: str
    classes: tuple[str, ...]
    accuracy: float
    accuracy_other: float
    test: McNemar
    unsure: bool = False
    """Whether the other model may have learned some of the faces, being trained with others."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a way to calibrate gives, fitted on the validation split.

    Attributes:
        how: In words.
        calibration: Its two numbers.
        validation_log_loss: On the faces that two of the ways are fitted to.
        log_loss: By set.
        ece: By set.
    """

    how: str
    calibration: Calibration
    validation_log_loss: float
    log_loss: dict[str, float]
    ece: dict[str, float]


@dataclass(frozen=True, slots=True)
class SetStudy:
    """All figures of one set, and what is reported of it beside them.

    Attributes:
        figures: Those that ``metrics.json`` keeps.
        against: Another model on the same faces.
        audit: The figures as other libraries compute them.
        over_time: How steady what is told of a face is.
    """

    figures: SetFigures
    against: Against | None = None
    audit: Audit | None = None
    over_time: SwitchStudy | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, in the shape of ``metrics.json``."""
        beside = {"against": self.against, "audit": self.audit, "over_time": self.over_time}
        return self.figures.as_json() | {
            name: plain(asdict(value)) for name, value in beside.items() if value is not None
        }


@dataclass(frozen=True, slots=True)
class Study:
    """A model's figures on the sets of a split."""

    sets: dict[str, SetStudy]
    calibrations: tuple[Calibrated, ...] = ()
    validation_faces: int = 0
    left_out: int = 0
    """Faces whose label the model does not know."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        full: Ten crops, spoilt faces, switches over time, thresholds and calibrations of the
            validation split.
        by: Further divisions into strata of all the dataset's faces; see
            :func:`surveil.training.measure.strata.read_groups`.
        against: Another model.
        against_unsure: Whether that one may have learned some of the faces.
    """

    full: bool = True
    by: Callable[[Faces], Mapping[str, Strata | Numbers]] = field(default=lambda faces: {})
    against: StoredModel | None = None
    against_unsure: bool = False


def study(
    model: StoredModel,
    faces: Faces,
    split: Split | None,
    extent: Extent,
    *,
    runner: Runner | None = None,
    progress: Progress = lambda what: None,
) -> Study:
    """Measure a model on a split.

    Args:
        model: Run in float32 by PyTorch, the reference engine, for all but ten crops, spoilt faces
            and switches.
        faces: Of all splits.
        split: To be reported on; ``None`` is all faces, and then none are left to set thresholds.
        extent: How much is measured.
        runner: The model on the engine that serves it; needed for the full extent.
        progress: Told what is begun.
    """
    whole = faces.only(split) if split else faces
    chosen, labels = known_faces(model, whole)
    calibration, taxonomy = model.facts.calibration, model.facts.taxonomy
    by: dict[str, Strata | Numbers] = {}
    if extent.full:
        # Before anything that takes long, as the groups may be wrong.
        by |= {"brightness": brightness(chosen.frames), "size": chosen.sides_px}
        by |= {"group": chosen.groups, **extent.by(chosen)}
    progress(f"{len(chosen)} faces of the {split.value} split" if split else f"{len(chosen)} faces")
    logits = _logits(model, chosen)
    parts = dict(parts_of(chosen, split))
    held = None
    if extent.full and split not in (None, Split.VALIDATION):
        held = _held(model, faces.only(Split.VALIDATION), progress)
    evaluations = {
        name: evaluate_logits(
            labels[part.at],
            logits[part.at],
            taxonomy,
            calibration,
            agreed=chosen.agreed[part.at],
            validation=held.ranked if held else None,
        )
        for name, part in parts.items()
    }
    scores = calibration.scores(logits)
    right = scores.argmax(axis=1) == labels
    others = _against(model, extent, chosen, scores, progress) if extent.against else None
    tens = _ten_crop(chosen, labels, runner, progress) if extent.full and runner else None
    spoilt = _spoilt(chosen, labels, right, runner, progress) if extent.full and runner else {}
    if extent.full and runner:
        progress("expressions that switch over time")
    sets = {}
    for name, part in parts.items():
        at = part.at
        more: dict[str, Any] = {
            "ten_crop": hits_of(tens[at]) if tens is not None else None,
            "robustness": tuple(
                Spoilt(condition=condition, **hits_of(kept[at]).model_dump())
                for condition, kept in spoilt.items()
            ),
            "strata": tuple(stratify(right[at], {key: value[at] for key, value in by.items()})),
        }
        figures = evaluations[name].model_copy(update=more)
        sets[name] = SetStudy(
            figures,
            others(part) if others else None,
            audit(labels[at], scores[at], figures) if extent.full and len(at) else None,
            _switches(model, chosen.frames[at], labels[at], runner) if extent.full else None,
        )
    left_out = len(whole) - len(chosen)
    if held is None:
        return Study(sets, left_out=left_out)
    ways = _calibrations(calibration, held, labels, logits, parts)
    return Study(sets, tuple(ways), len(held.labels), left_out)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The validation split as a model sees it, one face at least."""

    labels: ClassIndices
    logits: NDArray[np.float32]
    ranked: Ranked


def _held(model: StoredModel, faces: Faces, progress: Progress) -> _Held | None:
    known, labels = known_faces(model, faces)
    if not len(known):
        return None
    progress(f"{len(known)} faces of the validation split, for thresholds")
    logits = _logits(model, known)
    scores = model.facts.calibration.scores(logits)
    return _Held(labels, logits, rank(scores.max(axis=1), scores.argmax(axis=1) == labels))


def _logits(model: StoredModel, faces: Faces) -> NDArray[np.float32]:
    return logits_of(model.network, faces.frames, model.facts.preprocessing).numpy()


def _ten_crop(
    faces: Faces, labels: ClassIndices, runner: Runner, progress: Progress
) -> NDArray[np.bool_] | None:
    how = runner.how
    if how.frame_px == how.crop_px or not len(faces):
        return None
    progress("ten views of each face")
    given = ten_crop_scores(_framed(faces.frames, how), how, runner.logits)
    return np.asarray(given.argmax(axis=1) == labels)


def _switches(
    model: StoredModel, frames: NDArray[np.uint8], labels: ClassIndices, runner: Runner | None
) -> SwitchStudy | None:
    if runner is None:
        return None
    facts = model.facts
    return study_switches(
        make_pool(
            frames,
            labels,
            facts.taxonomy,
            runner.how,
            lambda views: facts.calibration.scores(runner.logits(views)),
        )
    )


def _framed(frames: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.uint8]:
    if frames.shape[1] == how.frame_px:
        return frames
    return np.stack([to_frame(frame, how.frame_px, how.channels) for frame in frames])


def _spoilt(
    faces: Faces, labels: ClassIndices, right: NDArray[np.bool_], runner: Runner, progress: Progress
) -> dict[str, NDArray[np.bool_]]:
    """Return which faces are classified rightly under each condition."""
    found = {}
    for condition in CONDITIONS if len(faces) else ():
        progress(condition.name)
        frames = spoil(faces.frames, condition, runner.how)
        if np.array_equal(frames, faces.frames):
            found[condition.name] = right
        else:
            found[condition.name] = runner.logits(frames).argmax(axis=1) == labels
    return found


def _against(
    model: StoredModel,
    extent: Extent,
    faces: Faces,
    scores: NDArray[np.float32],
    progress: Progress,
) -> Callable[[Part], Against]:
    """Return what compares both models on a part of the faces, which ``scores`` are of."""
    other = extent.against
    assert other is not None
    progress(f"the same faces by {other.facts.versioned_name}")
    mine, others = model.facts.taxonomy, other.facts.taxonomy
    shared = tuple(emotion for emotion in mine.classes if emotion in others.classes)
    if len(shared) < 2:
        raise ConfigError(
            f"{other.facts.versioned_name} and {model.facts.versioned_name} share no two classes"
        )
    common = Taxonomy("shared", shared)
    truth = common.labels_of(faces.labels)
    other_scores = other.facts.calibration.scores(_logits(other, faces))
    rights = [
        all_scores(given, known)[:, common.indices].argmax(axis=1) == truth
        for given, known in ((scores, mine), (other_scores, others))
    ]

    def compare(part: Part) -> Against:
        at = part.at[truth[part.at] >= 0]
        first, second = (right[at] for right in rights)
        return Against(
            other.facts.versioned_name,
            tuple(emotion.value for emotion in shared),
            hits_of(first).accuracy,
            hits_of(second).accuracy,
            mcnemar(first, second),
            extent.against_unsure,
        )

    return compare


def _calibrations(
    own: Calibration,
    held: _Held,
    labels: ClassIndices,
    logits: NDArray[np.float32],
    parts: Mapping[str, Part],
) -> Iterator[Calibrated]:
    """Yield ways to calibrate, fitted on validation, with what they give on each set."""
    temperature = fit_temperature(held.logits, held.labels)
    for how, calibration in (
        ("none", Calibration()),
        ("as the model has it", own),
        ("temperature", Calibration(temperature)),
        ("temperature, label smoothing undone", fit_calibration(held.logits, held.labels)),
    ):  # fmt: skip
        scores = calibration.scores(logits)
        yield Calibrated(
            how,
            calibration,
            log_loss(held.labels, calibration.scores(held.logits)),
            {name: log_loss(labels[p.at], scores[p.at]) for name, p in parts.items()},
            {name: calibration_error(labels[p.at], scores[p.at]) for name, p in parts.items()},
        )
