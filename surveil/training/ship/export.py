"""From the best checkpoint of a run to a model folder that can be shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from torch import nn

from surveil.classify.networks import StoredModel, build_network, read_model, write_model
from surveil.errors import ConfigError
from surveil.models import ModelFacts, PixelFacts, Preprocessing, model_in_the_making
from surveil.models.calibration import Calibration
from surveil.models.files import EXPERIMENTS
from surveil.models.taxonomy import FULL
from surveil.training.config import TrainConfig
from surveil.training.data.dataset import Dataset
from surveil.training.data.selection import check_test_split, training_faces, validation_faces
from surveil.training.errors import CheckpointError
from surveil.training.faces import NO_MAJORITY, Faces, Split
from surveil.training.fit.checkpoint import part_of, read_checkpoint, reading_facts
from surveil.training.fit.hardware import describe_hardware
from surveil.training.fit.loop import BEST, LAST
from surveil.training.fit.patience import is_out_of_patience
from surveil.training.fit.precision import device_of
from surveil.training.logits import logits_of
from surveil.training.measure.evaluation import evaluate_split
from surveil.training.measure.sizes import sizes_of
from surveil.training.measure.temperature import fit_calibration
from surveil.training.records.experiments import note_experiment
from surveil.training.records.figures import SetFigures
from surveil.training.records.metrics_file import FORMAT, Ancestor, Budget
from surveil.training.records.wording import CHOICE
from surveil.training.records.writing import write_figures
from surveil.training.ship.ancestry import ancestors_of, with_ancestors

Choice = Literal["best", "last"]
Head = Literal["labels", "votes"]


def export(
    config: TrainConfig,
    run: Path,
    dataset: Dataset,
    models: Path,
    *,
    note: str = "",
    checkpoint: Choice = "best",
    head: Head = "labels",
    caveats: Sequence[str] = (),
) -> dict[str, SetFigures]:
    """Write a run's averaged weights as ``models/<name>/`` and return their test figures.

    Weights, ``model.json``, ``metrics.json`` and ``card.md`` take their place together, and a line
    goes into ``EXPERIMENTS.md``. The calibration is fitted on the validation split. The figures are
    of the model as read back from the disk, in half precision; time and memory stay unknown until
    ``surveil evaluate --record`` measures them.

    Args:
        config: Its name is the model's; all else is taken from the checkpoint.
        run: Folder of the checkpoints.
        dataset: As the run was trained on.
        models: Folder of models.
        note: What is particular about this model, such as that it is unfinished.
        checkpoint: ``best`` on the validation split, or the ``last``, at which nothing was chosen.
        head: ``votes`` exports the same trunk with the head that learned the annotators' votes,
            as ``<name>-votes``, calibrated on validation faces of which most of them agree.
        caveats: Sentences on what the figures do not prove.

    Raises:
        CheckpointError: The run has no such checkpoint, or one of other data; or a file cannot be
            written. A model that was there before stays.
        DataError: A split holds no face of the run's classes; nothing is written then.
        ModelError: The model cannot be written.
    """
    finished = _read_run(run, dataset, checkpoint, head)
    trained, name = finished.trained, config.name if head == "labels" else f"{config.name}-votes"
    shown = training_faces(trained, dataset.faces)
    validation = validation_faces(trained, dataset.faces)
    check_test_split(trained, dataset.faces)
    # Before it is written, as it may replace the model that it began with.
    ancestors = ancestors_of(
        trained.start_from,
        finished.facts.get("started_from"),
        [models / config.name, models / f"{config.name}-votes"],
        models,
    )
    calibration, fitted = _calibrated(finished, validation, head)
    facts = _model_facts(
        name, finished, calibration,
        _data_facts(trained, dataset, shown, validation) | {"checkpoint": checkpoint, "head": head},
    )  # fmt: skip
    with model_in_the_making(models / name) as fresh:
        write_model(fresh, facts, finished.network)
        stored = read_model(fresh)
        results = evaluate_split(stored, dataset.faces, Split.TEST)
        protocol = _protocol(trained, checkpoint, head, calibration, fitted)
        metrics = _metrics(stored, finished, results) | {
            "protocol": " ".join([protocol, *caveats]),
            "note": note,
            "budget": _budget(finished, len(shown), ancestors).model_dump(),
            "ancestors": [ancestor.model_dump() for ancestor in ancestors],
        }
        record = write_figures(fresh, metrics)
    note_experiment(models / EXPERIMENTS, record)
    return results


def _metrics(
    stored: StoredModel, finished: _Finished, results: Mapping[str, SetFigures]
) -> dict[str, Any]:
    """Return what ``metrics.json`` says of the model as read back from the disk."""
    return asdict(sizes_of(stored)) | {
        "format": FORMAT,
        "model": stored.facts.versioned_name,
        "taxonomy": stored.facts.taxonomy.name,
        "temperature": stored.facts.temperature,
        "smoothing": stored.facts.smoothing,
        "makers_figure": finished.trained.makers_figure,
        "test": {name: result.as_json() for name, result in results.items()},
        "history": finished.facts["history"],
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Finished:
    """A run's epoch that is exported, and where the run ended.

    Attributes:
        trained: The configuration that epoch was trained with.
        seen: How faces are shown to the network.
        network: With the averaged weights of that epoch.
        facts: Of its checkpoint.
        latest: Of the last checkpoint.
        ended: The configuration the run ended with, which may have been lengthened.
    """

    trained: TrainConfig
    seen: Preprocessing
    network: nn.Module
    facts: Mapping[str, Any]
    latest: Mapping[str, Any]
    ended: TrainConfig


def _read_run(run: Path, dataset: Dataset, checkpoint: Choice, head: Head) -> _Finished:
    path = run / (BEST if checkpoint == "best" else LAST)
    tensors, facts = read_checkpoint(path)
    with reading_facts(path):
        if facts["data_sha256"] != dataset.sha256:
            raise CheckpointError(f"{path}: was trained on other data than is given")
        trained = TrainConfig.model_validate(facts["config"])
        seen = Preprocessing(**facts["preprocessing"])
    latest = read_checkpoint(run / LAST)[1]
    with reading_facts(run / LAST):
        ended = TrainConfig.model_validate(latest["config"])
    weights = part_of(tensors, "average.network")
    if head == "votes":
        check_votes_head(trained, str(path))
        weights |= {f"fc.{key}": w for key, w in part_of(tensors, "average.votes").items()}
    network = build_network(trained.architecture, len(trained.classes.classes))
    network.load_state_dict(weights)
    # As it is stored and served.
    return _Finished(trained, seen, network.half().float(), facts, latest, ended)


def _calibrated(finished: _Finished, validation: Faces, head: Head) -> tuple[Calibration, int]:
    """Return the calibration, and to how many faces it was fitted."""
    fitting, labels = validation, validation.labels
    if head == "votes":
        fitting = validation.where(validation.agreed != NO_MAJORITY)
        labels = fitting.agreed
    logits = logits_of(finished.network, fitting.frames, finished.seen).numpy()
    classes = finished.trained.classes
    return fit_calibration(logits, classes.labels_of(labels)), len(fitting)


def _model_facts(
    name: str, finished: _Finished, calibration: Calibration, training: Mapping[str, Any]
) -> ModelFacts:
    trained, seen, facts = finished.trained, finished.seen, finished.facts
    return ModelFacts(
        name=name,
        architecture=trained.architecture,
        classes=tuple(emotion.value for emotion in trained.classes.classes),
        input=PixelFacts(
            frame_px=seen.frame_px, crop_px=seen.crop_px, mean=seen.mean, std=seen.std
        ),
        **asdict(calibration),
        training={
            **training,
            "epoch": facts["epoch"],
            "epochs_done": finished.latest["epoch"],
            "epochs": finished.ended.epochs,
            "started_from": facts.get("started_from"),
            "teachers": facts.get("teachers"),
            "imagenet": facts.get("imagenet"),
            "config": trained.model_dump(mode="json"),
        },
        code_version=version("surveil"),
        weights_sha256="0" * 64,
    )


def _data_facts(
    config: TrainConfig, dataset: Dataset, shown: Faces, validation: Faces
) -> dict[str, Any]:
    """Return what ``model.json`` says of the data; ``shown`` may hold a face several times."""
    pairs = set(zip(shown.sources.tolist(), shown.names.tolist(), strict=True))
    by_source = Counter(source for source, _ in pairs)
    return {
        "manifest_sha256": dataset.sha256,
        "sources": sorted(set(dataset.faces.sources.tolist())),
        "train_faces": len(pairs),
        "train_faces_by_source": dict(sorted(by_source.items())),
        "validation_faces": len(validation),
        "votes_used": config.loss.votes_weight > 0 and bool(shown.votes.any()),
        "set_aside": dataset.set_aside,
        "people_held_out": _people_held_out(dataset),
    }


def check_votes_head(config: TrainConfig, of: str) -> None:
    """Make sure that a run learns a head for the votes.

    Args:
        config: The run.
        of: What the message calls it.

    Raises:
        ConfigError: It learns none.
    """
    if not config.loss.votes_weight or config.taxonomy != FULL:
        raise ConfigError(
            f"{of}: has no head for votes: that needs loss.votes_weight above 0 and the "
            f"taxonomy {FULL!r}"
        )


def _protocol(
    config: TrainConfig, checkpoint: Choice, head: Head, calibration: Calibration, fitted: int
) -> str:
    """Return how the figures came about, as far as the code made it so."""
    agreed = " on whose expression more than half of the annotators agree" * (head == "votes")
    numbers = "temperature and the smoothing that is undone were"
    said = [
        f"{CHOICE[checkpoint]}; the {numbers if calibration.smoothing else 'temperature was'} "
        f"fitted on the {fitted} faces of the validation split{agreed}. Test faces are in neither "
        "training nor validation."
    ]
    if head == "votes":
        said.append(
            "This is the head that learned the votes of FER+'s annotators; the figures of "
            "fer2013 compare it with FER2013's own labels, which it was not made to repeat."
        )
    if config.start_from or config.distil:
        said.append("Other models that this one learned from may have seen other faces.")
    return " ".join(said)


def _budget(finished: _Finished, shown: int, ancestors: Sequence[Ancestor]) -> Budget:
    """Return what the training cost; a checkpoint that does not say where it ran ran here."""
    config, latest = finished.ended, finished.latest
    epochs, history = latest["epoch"], latest["history"]
    planned = config.full_epochs or config.epochs
    stopped = epochs < config.epochs and config.patience is not None and is_out_of_patience(
        [(line["validation_accuracy"], -line["validation_log_loss"]) for line in history],
        config.patience, config.last_phase_from,
    )  # fmt: skip
    own = Budget(
        epochs=epochs,
        epochs_planned=planned,
        images=epochs * (shown // config.batch) * config.batch,
        seconds=round(sum(line["seconds"] for line in history), 1),
        hardware=latest.get("hardware") or describe_hardware(device_of(config)),
        patience=config.patience if stopped else None,
        epochs_spared=planned - epochs if stopped else 0,
    )
    return with_ancestors(own, ancestors)


def _people_held_out(dataset: Dataset) -> dict[str, list[str]]:
    """Return who is in the test split and hence in no other, by source."""
    test = dataset.faces.only(Split.TEST)
    return {
        source: sorted(set(test.people[test.sources == source].tolist()))
        for source in dict.fromkeys(test.sources.tolist())
        if (test.people[test.sources == source] != "").any()
    }
