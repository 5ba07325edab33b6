"""A site's calibration as a model of its own: the same weights, other numbers beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from surveil.classify.networks import StoredModel
from surveil.detect import Detector
from surveil.errors import ConfigError
from surveil.models import model_in_the_making
from surveil.models.files import CARD, FACTS, NETWORK, NETWORK_INT8, WEIGHTS
from surveil.models.weights import read_int8_network, read_network, read_weights
from surveil.training.data.class_names import ClassNames
from surveil.training.errors import DataError
from surveil.training.files import write_bytes_whole
from surveil.training.logits import logits_of
from surveil.training.measure.material import Material, load_material
from surveil.training.measure.site_calibration import (
    LEAST_FACES,
    SiteCalibration,
    calibrate_site,
)


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What was fitted, and to which faces."""

    model: StoredModel
    material: Material
    found: SiteCalibration


def calibrate(
    model: StoredModel,
    data: Path,
    cache_dir: Path,
    detector: Callable[[], Detector],
    names: ClassNames | None = None,
) -> Calibrated:
    """Fit a model's temperature and thresholds to a site's labelled faces.

    Faces that the model is known to have learned are left out.

    Raises:
        DataError: The path is no dataset, or holds too few faces that the model can be asked about.
    """
    material = load_material(model, data, cache_dir, detector, names=names)
    faces = material.faces.only(material.split) if material.split else material.faces
    labels = model.facts.taxonomy.labels_of(faces.labels)
    faces, labels = faces.where(labels >= 0), labels[labels >= 0]
    if len(labels) < LEAST_FACES:
        learned = (
            f"; {material.learned} that it has learned are left out" if material.learned else ""
        )
        raise DataError(
            f"{data}: {len(labels)} faces of the classes that {model.facts.name} knows are too few "
            f"to calibrate by{learned}: label {LEAST_FACES} at the least, better 200 and more, of "
            "many people"
        )
    logits = logits_of(model.network, faces.frames, model.facts.preprocessing).numpy()
    found = calibrate_site(
        logits, labels, faces.people, model.facts.calibration, model.facts.classes
    )
    return Calibrated(model, material, found)


def write_calibrated(calibrated: Calibrated, folder: Path) -> Path:
    """Write the model with the site's temperature as a folder of its own, named after that.

    Weights and networks are copied as they are. The name is another one, as events name by it whose
    scores they hold.

    Raises:
        ConfigError: The folder is the model's own.
        ModelError: The model cannot be read or written.
    """
    model, found = calibrated.model, calibrated.found
    if folder.resolve().name == model.facts.name or folder.resolve() == model.folder.resolve():
        raise ConfigError(
            f"{folder}: the calibrated model needs a name of its own, such as "
            f"{model.facts.name}-site: events tell by it whose scores they hold"
        )
    facts = model.facts.model_copy(
        update={
            "name": folder.resolve().name,
            "temperature": found.after.temperature,
            "training": {
                **model.facts.training,
                "calibrated_for_site": {
                    "model": model.facts.versioned_name,
                    "manifest_sha256": calibrated.material.sha256,
                    **{k: v for k, v in asdict(found).items() if k not in ("before", "after")},
                },
            },
        }
    )
    facts = type(facts).model_validate(facts.model_dump())
    text = json.dumps(facts.model_dump(mode="json"), indent=2) + "\n"
    with model_in_the_making(folder) as fresh:
        write_bytes_whole(fresh / WEIGHTS, read_weights(model.folder, model.facts))
        if model.facts.onnx_sha256:
            write_bytes_whole(fresh / NETWORK, read_network(model.folder, model.facts))
        if model.facts.int8_sha256:
            write_bytes_whole(fresh / NETWORK_INT8, read_int8_network(model.folder, model.facts))
        write_bytes_whole(fresh / CARD, _card(calibrated, facts.name).encode())
        write_bytes_whole(fresh / FACTS, text.encode())
    return folder


def _card(calibrated: Calibrated, name: str) -> str:
    found = calibrated.found
    lines = [
        f"# {name}\n",
        f"{calibrated.model.facts.versioned_name} with a temperature of "
        f"{found.after.temperature:.3f} in place of {found.before.temperature:.3f} "
        f"(95%: {found.interval[0]:.3f} to {found.interval[1]:.3f}), fitted to {found.faces} faces "
        f"of a site, {found.people} people known by name. Its weights, and what is said of them in "
        "that model's card, are the same.\n",
        f"ECE {found.ece_before:.1%} before, {found.ece_after:.1%} after, on faces that each "
        f"temperature was not fitted to; honest scores show up to {found.ece_by_chance:.1%} by "
        "chance in one case of 20.\n",
        *(f"* {remark}" for remark in found.remarks),
        "\nIt classifies a facial *expression*. What a person feels cannot be read from it.\n",
    ]
    return "\n".join(lines)
