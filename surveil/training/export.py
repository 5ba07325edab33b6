"""From the best checkpoint of a run to a model folder that can be shipped."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from surveil.classify import (
    ModelFacts,
    PixelFacts,
    Preprocessing,
    build_network,
    read_model,
    write_model,
)
from surveil.domain import EMOTIONS
from surveil.training.card import card
from surveil.training.checkpoint import part_of, read_checkpoint, write_bytes_whole
from surveil.training.config import TrainConfig
from surveil.training.dataset import Dataset
from surveil.training.errors import CheckpointError
from surveil.training.evaluation import NAMES, Evaluation, evaluate_split
from surveil.training.experiments import note_experiment
from surveil.training.faces import Split
from surveil.training.loop import BEST, LAST, logits_of
from surveil.training.temperature import fit_temperature


def export(
    config: TrainConfig,
    run: Path,
    dataset: Dataset,
    models: Path,
    *,
    note: str = "",
    checkpoint: Literal["best", "last"] = "best",
) -> dict[str, Evaluation]:
    """Write a run's averaged weights as ``models/<name>/`` and return their test figures.

    ``best`` is the epoch of the highest accuracy on the validation split, ``last`` the latest one,
    at which nothing was chosen. The temperature is fitted on the validation split. The figures are
    those of the model as read back from the disk, in half precision.

    Raises:
        CheckpointError: The run has no such checkpoint, or one of other data.
        ModelError: The model cannot be written.
    """
    path = run / (BEST if checkpoint == "best" else LAST)
    tensors, facts = read_checkpoint(path)
    if facts["data_sha256"] != dataset.sha256:
        raise CheckpointError(f"{path}: was trained on other data than is given")
    trained = TrainConfig.model_validate(facts["config"])
    done = read_checkpoint(run / LAST)[1]["epoch"]
    network = build_network(trained.architecture, len(EMOTIONS))
    network.load_state_dict(part_of(tensors, "average.network"))
    seen = Preprocessing(**facts["preprocessing"])
    pixels = PixelFacts(frame_px=seen.frame_px, crop_px=seen.crop_px, mean=seen.mean, std=seen.std)
    validation = dataset.faces.only(Split.VALIDATION)
    model_facts = ModelFacts(
        name=config.name,
        architecture=trained.architecture,
        classes=NAMES,
        input=pixels,
        temperature=1.0,
        training={
            "manifest_sha256": dataset.sha256,
            "sources": sorted(set(dataset.faces.sources.tolist())),
            "train_faces": len(dataset.faces.only(Split.TRAIN)),
            "validation_faces": len(validation),
            "set_aside": dataset.set_aside,
            "people_held_out": _people_held_out(dataset),
            "checkpoint": checkpoint,
            "epoch": facts["epoch"],
            "epochs_done": done,
            "epochs": trained.epochs,
            "config": trained.model_dump(mode="json"),
        },
        code_version=version("surveil"),
        weights_sha256="0" * 64,
    )
    logits = logits_of(network.half().float(), validation.frames, model_facts.preprocessing)
    temperature = fit_temperature(logits.numpy(), validation.labels)
    folder = models / config.name
    write_model(folder, model_facts.model_copy(update={"temperature": temperature}), network)
    stored = read_model(folder)
    results = evaluate_split(stored, dataset.faces, Split.TEST, dataset.repeated)
    metrics = {
        "model": stored.facts.versioned_name,
        "temperature": stored.facts.temperature,
        "protocol": "test split; epoch and temperature chosen on the validation split",
        "test": {name: result.as_json() for name, result in results.items()},
        "history": facts["history"],
    }
    write_bytes_whole(folder / "metrics.json", (json.dumps(metrics, indent=1) + "\n").encode())
    write_bytes_whole(folder / "card.md", card(stored.facts, results, note).encode())
    note_experiment(models / "EXPERIMENTS.md", stored.facts, results, note)
    return results


def _people_held_out(dataset: Dataset) -> dict[str, list[str]]:
    """Return who is in the test split and hence in no other, by source."""
    test = dataset.faces.only(Split.TEST)
    return {
        source: sorted(set(test.people[test.sources == source].tolist()))
        for source in dict.fromkeys(test.sources.tolist())
        if (test.people[test.sources == source] != "").any()
    }
