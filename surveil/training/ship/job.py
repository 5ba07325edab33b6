"""A training from its configuration to the model's folder: what ``surveil train`` does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from surveil.classify.networks import StoredModel, read_model
from surveil.errors import ConfigError, ModelError
from surveil.models import find_model
from surveil.models.files import EXPERIMENTS
from surveil.training.config import TrainConfig, load_config
from surveil.training.data.dataset import Dataset, load_dataset
from surveil.training.data.face_finder import face_detector
from surveil.training.data.selection import check_test_split, training_faces, validation_faces
from surveil.training.fit.loop import LAST, EpochReport, Progress, Trainer
from surveil.training.fit.run_lock import run_lock
from surveil.training.fit.shards import shard_count
from surveil.training.records.figures import SetFigures
from surveil.training.ship.export import Choice, Head, check_votes_head, export
from surveil.training.ship.fine_tune import report_fine_tune
from surveil.training.ship.held_out import caveats_of
from surveil.training.ship.run import run_to_end


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be trained and exported.

    Attributes:
        config: The run's YAML file.
        data: Folder that the configuration's data paths are relative to.
        runs: Gets the run's own folder, and ``cache`` for imported faces.
        models: Gets the model's folder, and is looked in for models to learn from.
        resume: Go on from the last checkpoint.
        export_only: Train no further.
        checkpoint: Which weights are exported.
        head: Likewise.
        note: A remark for the model's card.
        tensorboard: Write curves, if TensorBoard is installed.
        threads: Of the CPU; ``None`` takes all.
    """

    config: Path
    data: Path
    runs: Path
    models: Path
    resume: bool = False
    export_only: bool = False
    checkpoint: Choice = "best"
    head: Head = "labels"
    note: str = ""
    tensorboard: bool = True
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to.

    Attributes:
        folder: Of the model.
        results: Its figures on each test set.
        changes: Sentences on what was gained and forgotten since the model it started from.
    """

    folder: Path
    results: dict[str, SetFigures]
    changes: tuple[str, ...]


class Watcher(Protocol):
    """Is told how far a job is."""

    def say(self, line: str) -> None:
        """Take a sentence for people."""

    def importing(self, done: int, total: int) -> None:
        """Take how far the import of photographs is."""

    def step(self, at: Progress) -> None:
        """Take a training step."""

    def epoch(self, report: EpochReport) -> None:
        """Take a finished epoch."""


def train(job: Job, watcher: Watcher) -> Outcome:
    """Train a model as its configuration says, measure it and write its folder.

    Raises:
        ConfigError: The configuration is wrong, or the run's folder holds a run already.
        DataError: The data is missing or wrong.
        InUseError: Another process trains in the run's folder.
        DivergedError: The loss is no longer a number.
        CheckpointError: A file could not be written, or is not of this run.
        ModelError: A model to learn from is missing or damaged.
    """
    config = load_config(job.config)
    run = job.runs / f"{config.name}-{config.seed}"
    _check_vacant(job, run)
    started = config.start_from
    start = read_model(find_model(started, [job.models])) if started else None
    dataset = load_dataset(config, job.data, job.runs / "cache", face_detector, watcher.importing)
    teachers = _teachers(job, config)
    sources = [start, *teachers] if start else teachers
    caveats = caveats_of(sources, dataset, job.runs / "cache")
    for caveat in caveats:
        watcher.say(caveat)
    if not job.export_only:
        _fit(job, config, run, dataset, start, teachers, watcher)
    changed = None
    if start is not None and job.head == "labels":
        changed = report_fine_tune(start, run, dataset, job.checkpoint)
    changes = tuple(changed.sentences) if changed else ()
    results = export(
        config, run, dataset, job.models,
        note=" ".join(filter(None, (job.note, *changes))), checkpoint=job.checkpoint, head=job.head,
        caveats=caveats,
    )  # fmt: skip
    suffix = "" if job.head == "labels" else f"-{job.head}"
    return Outcome(job.models / f"{config.name}{suffix}", results, changes)


def _teachers(job: Job, config: TrainConfig) -> list[StoredModel]:
    names = config.distil.teachers if config.distil else ()
    found = []
    for name in names:
        try:
            found.append(read_model(find_model(name, [job.models])))
        except ModelError:
            # A run that has ended needs them no more.
            if not job.export_only:
                raise
    return found


def _check_vacant(job: Job, run: Path) -> None:
    if not (job.resume or job.export_only) and (run / LAST).exists():
        raise ConfigError(
            f"{run} holds a run already: continue it with --resume, or give another seed, name "
            "or --runs"
        )


def _fit(
    job: Job,
    config: TrainConfig,
    run: Path,
    dataset: Dataset,
    start: StoredModel | None,
    teachers: Sequence[StoredModel],
    watcher: Watcher,
) -> None:
    train = training_faces(config, dataset.faces)
    validation = validation_faces(config, dataset.faces)
    # Before hours of training, as without it the model could not be exported.
    check_test_split(config, dataset.faces)
    if job.head == "votes":
        check_votes_head(config, str(job.config))
    with run_lock(run):
        # Another process may have trained while the faces were read.
        _check_vacant(job, run)
        watcher.say(f"{len(train)} faces to train on, {len(validation)} to choose by")
        threads = job.threads or os.cpu_count() or 1
        trainer = Trainer(
            config, train, validation, run, dataset.sha256,
            shards=shard_count(threads, config.batch), start=start, teachers=teachers,
        )  # fmt: skip
        # Fewer only, and for good: with more than it began with, PyTorch has crashed.
        torch.set_num_threads(min(max(threads // trainer.shards, 1), torch.get_num_threads()))
        trainer.resume()
        for line in _beginning(trainer):
            watcher.say(line)
        run_to_end(
            trainer,
            experiments=job.models / EXPERIMENTS,
            tensorboard=job.tensorboard,
            on_step=watcher.step,
            on_epoch=watcher.epoch,
        )
        if trainer.is_out_of_patience and trainer.epoch < config.epochs:
            watcher.say(
                f"stopped after {config.patience} epochs without improvement, "
                f"{trainer.epoch} of {config.epochs} done"
            )


def _beginning(trainer: Trainer) -> list[str]:
    """Return what is said of a trainer that is about to begin."""
    said = [
        f"parts of a batch at once: {trainer.shards}; threads for each: {torch.get_num_threads()}"
    ]
    if trainer.epoch:
        said.append(f"resumed after epoch {trainer.epoch}")
    if trainer.started_from:
        said.append(f"start: {trainer.started_from}")
    if trainer.config.imagenet and trainer.imagenet is not None:
        said.append(f"ImageNet weights to begin with: {'yes' if trainer.imagenet else 'none'}")
    return said + [f"teacher: {teacher}" for teacher in trainer.taught_by]
