"""One network of two last layers: of models with the same trunk, as labels and votes make them.

Logits are linear in the features, so the sum of two heads' logits, one of them weighted, is one
head again: the blended model costs what each of them costs. Its weight is chosen on the validation
split of their training.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from surveil.classify.networks import StoredModel, read_model, write_model
from surveil.errors import ModelError
from surveil.models import model_in_the_making
from surveil.models.calibration import Calibration
from surveil.models.files import EXPERIMENTS, METRICS
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split
from surveil.training.logits import logits_of
from surveil.training.measure.evaluation import evaluate_split, known_faces
from surveil.training.measure.material import Material
from surveil.training.measure.metrics import ClassIndices, log_loss
from surveil.training.measure.temperature import fit_calibration, fit_temperature
from surveil.training.records.experiments import note_experiment
from surveil.training.records.figures import SetFigures
from surveil.training.records.writing import write_figures

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Of the second head, that are tried; the first has 1."""

HEAD = "fc."
"""How the tensors of a network's last layer begin."""


@dataclass(frozen=True, slots=True)
class Blended:
    """What was chosen, and what it gives.

    Attributes:
        weight: Of the second head.
        log_losses: On validation, by weight.
        results: On the test split, by set.
    """

    weight: float
    log_losses: Mapping[float, float]
    results: Mapping[str, SetFigures]


def blend(
    first: StoredModel, second: StoredModel, material: Material, folder: Path, note: str = ""
) -> Blended:
    """Write the blend of two models' last layers as a model.

    Args:
        first: Its labels are what the blend is chosen by.
        second: Of the same trunk and classes.
        material: What they were trained with.
        folder: Of the model that is written; it may be the first one's, which is replaced.
        note: A remark for its card.

    Raises:
        ModelError: The models differ in more than their last layer, or it cannot be written.
        DataError: The material is other than they were trained with.
    """
    _check(first, second, material)
    faces, labels = known_faces(first, material.faces.only(Split.VALIDATION))
    own, others = (_logits(model, faces) for model in (first, second))
    losses = {weight: _loss(own + weight * others, labels) for weight in WEIGHTS}
    weight = min(losses, key=lambda tried: losses[tried])
    network = _network(first, second, weight)
    # As it is stored and served.
    rounded = copy.deepcopy(network).half().float()
    logits = logits_of(rounded, faces.frames, first.facts.preprocessing).numpy()
    results = _write(
        first,
        second,
        weight,
        network,
        fit_calibration(logits, labels),
        material.faces,
        folder,
        note,
    )
    return Blended(weight, losses, results)


def _check(first: StoredModel, second: StoredModel, material: Material) -> None:
    if not material.same_data:
        raise DataError(
            f"{first.facts.name}: these are not the data that it was trained with, split alike: "
            "the weight might be chosen by faces that it has learned"
        )
    one, other = first.network.state_dict(), second.network.state_dict()
    alike = (
        first.facts.architecture == second.facts.architecture
        and first.facts.classes == second.facts.classes
        and first.facts.input == second.facts.input
        and all(torch.equal(one[name], other[name]) for name in one if not name.startswith(HEAD))
    )
    if not alike:
        raise ModelError(
            f"{second.folder}: differs from {first.facts.versioned_name} in more than its last "
            "layer; only heads of one run can be blended"
        )


def _logits(model: StoredModel, faces: Faces) -> NDArray[np.float32]:
    return logits_of(model.network, faces.frames, model.facts.preprocessing).numpy()


def _loss(logits: NDArray[np.float32], labels: ClassIndices) -> float:
    return log_loss(labels, Calibration(fit_temperature(logits, labels)).scores(logits))


def _network(first: StoredModel, second: StoredModel, weight: float) -> nn.Module:
    network = copy.deepcopy(first.network)
    more = second.network.fc.state_dict()
    network.fc.load_state_dict(
        {name: value + weight * more[name] for name, value in network.fc.state_dict().items()}
    )
    return network


def _write(
    first: StoredModel,
    second: StoredModel,
    weight: float,
    network: nn.Module,
    calibration: Calibration,
    faces: Faces,
    folder: Path,
    note: str,
) -> dict[str, SetFigures]:
    before: dict[str, Any] = json.loads((first.folder / METRICS).read_text(encoding="utf-8"))
    facts = first.facts.model_copy(
        update={
            "name": folder.resolve().name,
            **asdict(calibration),
            "int8_sha256": None,
            "training": {
                **first.facts.training,
                "blend": {
                    "of": first.facts.versioned_name,
                    "with": second.facts.versioned_name,
                    "weight": weight,
                },
            },
        }
    )
    said = (
        f"The last layer is that of {first.facts.versioned_name} plus {weight:g} times that of "
        f"{second.facts.versioned_name}, which has the same trunk and learned FER+'s votes; the "
        "weight of the lowest log-loss on the validation split was taken."
    )
    with model_in_the_making(folder) as fresh:
        write_model(fresh, facts, network)
        stored = read_model(fresh)
        results = evaluate_split(stored, faces, Split.TEST)
        content = {key: value for key, value in before.items() if key not in ("int8", "speed")} | {
            "model": stored.facts.versioned_name,
            **asdict(calibration),
            "protocol": f"{before.get('protocol', '')} {said}".strip(),
            "note": " ".join(filter(None, (note, before.get("note", "")))),
            "test": {name: result.as_json() for name, result in results.items()},
        }
        record = write_figures(fresh, content)
    note_experiment(folder.parent / EXPERIMENTS, record)
    return results
