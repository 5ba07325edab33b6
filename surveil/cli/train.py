"""``surveil train``: one YAML file, one run, one model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from surveil.cli.saying import say
from surveil.tables import cell
from surveil.training.records.wording import duration, number, percent, span

if TYPE_CHECKING:
    from surveil.training.fit.loop import EpochReport
    from surveil.training.fit.loop import Progress as Step

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

    CONFIG is a YAML file, the name of one that comes with surveil (fine-tune), or the folder of a
    model that is to be trained again as it was.
    A checkpoint is written after each epoch; after any kind of end, the same command with --resume
    goes on from there. A run that starts from a model also reports what was gained and forgotten.
    """
    from surveil.training.config import load_config

    # Before torch, which takes seconds: what is wrong with the file is told at once.
    load_config(config)
    from surveil.training.ship.job import Job, train

    job = Job(
        config=config,
        data=data,
        runs=runs,
        models=models,
        resume=resume,
        export_only=export_only,
        checkpoint=checkpoint,
        head=head,
        note=note,
        tensorboard=tensorboard,
        threads=threads,
    )
    with _Bar(Console(stderr=True)) as bar:
        outcome = train(job, bar)
    for line in outcome.changes:
        say(line)
    for name, figures in outcome.results.items():
        say(
            f"{name}: accuracy {percent(figures.accuracy, 2)} ({span(figures.interval)}) of "
            f"{figures.faces}, macro-F1 {number(figures.macro_f1)}, ECE {percent(figures.ece, 2)}"
        )
        if figures.ferplus:
            say(
                f"{name}: {percent(figures.ferplus.accuracy, 2)} of the {figures.ferplus.faces} "
                "faces on which most of FER+'s annotators agree"
            )
    say(f"written to {outcome.folder}")


class _Bar:
    """A progress bar on a terminal; a line every half minute and per epoch elsewhere."""

    EVERY_S = 30.0

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn(
                "{task.completed:.0f}/{task.total:.0f}  {task.fields[remark]}", markup=False
            ),
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
        """Print a line."""
        # In a file a line is a line, however long.
        self._console.print(cell(f"{time.strftime('%H:%M:%S')} {line}"), soft_wrap=True)

    def importing(self, done: int, total: int) -> None:
        """Show how far the import of custom pictures is."""
        self._show("finding faces", done, total, "")

    def step(self, at: Step) -> None:
        """Show a training step."""
        remark = f"loss {at.loss:.3f}, {duration(at.left_s)} left"
        self._show(f"epoch {at.epoch}/{at.epochs}", at.step, at.steps, remark)

    def epoch(self, report: EpochReport) -> None:
        """Say how an epoch ended."""
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
