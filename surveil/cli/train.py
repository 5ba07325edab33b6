"""``surveil train``: one YAML file, one run, one model."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from surveil.errors import ConfigError

DATA_HELP = "Folder that the configuration's data paths are relative to."


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), default=Path(), help=DATA_HELP)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    help="Checkpoints, history and imported faces go here.",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=Path("models"),
    help="The finished model goes into a folder of its name in here.",
)
@click.option("--resume", is_flag=True, help="Continue from the last checkpoint.")
@click.option(
    "--export-only", is_flag=True, help="Train no further: export the best checkpoint so far."
)
@click.option(
    "--checkpoint",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Which weights to export: the best epoch's on the validation split, or the last one's.",
)
@click.option(
    "--head",
    type=click.Choice(["labels", "votes"]),
    default="labels",
    show_default=True,
    help="Which head to export; 'votes' learned what FER+'s annotators agree on: NAME-votes.",
)
@click.option("--note", default="", help="A remark for the model's card and for EXPERIMENTS.md.")
@click.option(
    "--tensorboard/--no-tensorboard",
    default=True,
    show_default=True,
    help="Write curves into the run's folder, if TensorBoard is installed.",
)
@click.option("--threads", type=click.IntRange(1, 256), help="CPU threads (default: all cores).")
def command(
    config: Path,
    data: Path,
    runs: Path,
    models: Path,
    resume: bool,
    export_only: bool,
    checkpoint: Literal["best", "last"],
    head: Literal["labels", "votes"],
    note: str,
    tensorboard: bool,
    threads: int | None,
) -> None:
    """Train a model as CONFIG says, evaluate it and write it to the models folder.

    A checkpoint is written after each epoch; after any kind of end, the same command with --resume
    goes on from there. A run that starts from a model also reports what was gained and forgotten.
    """
    # Imported here: torch takes seconds, and --help does not need it.
    import torch

    from surveil.classify.networks import read_model
    from surveil.models import find_model
    from surveil.models.files import EXPERIMENTS
    from surveil.training.config import load_config
    from surveil.training.data.dataset import load_dataset
    from surveil.training.data.face_finder import face_detector
    from surveil.training.data.selection import check_test_split, training_faces, validation_faces
    from surveil.training.fit.loop import LAST, Trainer
    from surveil.training.fit.run_lock import run_lock
    from surveil.training.fit.shards import shard_count
    from surveil.training.ship.export import check_votes_head, export
    from surveil.training.ship.fine_tune import report_fine_tune
    from surveil.training.ship.run import run_to_end

    settings = load_config(config)
    run = runs / f"{settings.name}-{settings.seed}"

    def check_vacant() -> None:
        if not (resume or export_only) and (run / LAST).exists():
            raise ConfigError(
                f"{run} holds a run already: continue it with --resume, or give another seed, name "
                "or --runs"
            )

    check_vacant()
    started = settings.start_from
    start = read_model(find_model(started, [models])) if started else None
    console = Console(stderr=True)
    with _Bar(console) as bar, ExitStack() as held:
        dataset = load_dataset(
            settings,
            data,
            runs / "cache",
            face_detector,
            bar.importing,
        )
        if not export_only:
            train = training_faces(settings, dataset.faces)
            validation = validation_faces(settings, dataset.faces)
            # Before hours of training, as without it the model could not be exported.
            check_test_split(settings, dataset.faces)
            if head == "votes":
                check_votes_head(settings, str(config))
            held.enter_context(run_lock(run))
            # Another process may have trained while the faces were read.
            check_vacant()
            bar.say(f"{len(train)} faces to train on, {len(validation)} to choose by")
            names = settings.distil.teachers if settings.distil else ()
            teachers = [read_model(find_model(name, [models])) for name in names]
            threads = threads or os.cpu_count() or 1
            trainer = Trainer(
                settings, train, validation, run, dataset.sha256,
                shards=shard_count(threads, settings.batch), start=start, teachers=teachers,
            )  # fmt: skip
            each = max(threads // trainer.shards, 1)
            # Fewer only, and for good: with more than it began with, PyTorch has crashed.
            torch.set_num_threads(min(each, torch.get_num_threads()))
            bar.say(
                f"parts of a batch at once: {trainer.shards}; "
                f"threads for each: {torch.get_num_threads()}"
            )
            if trainer.resume():
                bar.say(f"resumed after epoch {trainer.epoch}")
            if trainer.started_from:
                bar.say(f"start: {trainer.started_from}")
            if settings.imagenet and trainer.imagenet is not None:
                bar.say(f"ImageNet weights to begin with: {'yes' if trainer.imagenet else 'none'}")
            for teacher in trainer.taught_by:
                bar.say(f"teacher: {teacher}")
            run_to_end(
                trainer,
                experiments=models / EXPERIMENTS,
                tensorboard=tensorboard,
                on_step=bar.step,
                on_epoch=bar.epoch,
            )
    remarks = [note] if note else []
    if (
        start is not None
        and head == "labels"
        and (changed := report_fine_tune(start, run, dataset, checkpoint))
    ):
        remarks += changed.sentences
        click.echo("\n".join(changed.sentences))
    results = export(
        settings, run, dataset, models, note=" ".join(remarks), checkpoint=checkpoint, head=head
    )
    for name, result in results.items():
        low, high = result.interval
        click.echo(
            f"{name}: accuracy {result.accuracy:.2%} ({low:.1%} to {high:.1%}) of {result.faces}, "
            f"macro-F1 {result.macro_f1:.3f}, ECE {result.ece:.2%}"
        )
        if result.ferplus:
            click.echo(
                f"{name}: {result.ferplus.accuracy:.2%} of the {result.ferplus.faces} faces on "
                "which most of FER+'s annotators agree"
            )
    suffix = "" if head == "labels" else f"-{head}"
    click.echo(f"written to {models / settings.name}{suffix}")


class _Bar:
    """A progress bar on a terminal; a line every half minute and per epoch elsewhere."""

    EVERY_S = 30.0

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[remark]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID = self._bar.add_task("starting", total=1, remark="")
        self._said_s = 0.0

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        # In a file a line is a line, however long.
        self._console.print(
            f"{time.strftime('%H:%M:%S')} {line}", highlight=False, markup=False, soft_wrap=True
        )

    def importing(self, done: int, total: int) -> None:
        """Show how far the import of custom pictures is."""
        self._show("finding faces", done, total, "")

    def step(self, at: object) -> None:
        """Show a training step."""
        from surveil.training.fit.loop import Progress as Step

        assert isinstance(at, Step)
        remark = f"loss {at.loss:.3f}, {_minutes(at.left_s)} left"
        self._show(f"epoch {at.epoch}/{at.epochs}", at.step, at.steps, remark)

    def epoch(self, report: object) -> None:
        """Say how an epoch ended."""
        from surveil.training.fit.loop import EpochReport

        assert isinstance(report, EpochReport)
        self.say(
            f"epoch {report.epoch}: loss {report.loss:.4f}, validation accuracy "
            f"{report.validation_accuracy:.2%}, log-loss {report.validation_log_loss:.4f}, "
            f"{report.px} px, {report.seconds:.0f} s"
        )

    def _show(self, what: str, done: int, total: int, remark: str) -> None:
        self._bar.update(self._task, description=what, completed=done, total=total, remark=remark)
        now_s = time.monotonic()
        if not self._console.is_terminal and now_s - self._said_s >= self.EVERY_S:
            self._said_s = now_s
            self.say(f"{what} {done}/{total} {remark}".rstrip())


def _minutes(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
