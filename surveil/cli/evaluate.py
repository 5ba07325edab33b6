"""``surveil evaluate``: how good a model is on labelled faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from surveil.cli.class_names import with_class_names
from surveil.cli.evaluate_tables import show_study
from surveil.cli.saying import say
from surveil.cli.tabular import check_folder_writable, check_writable, show, write_file
from surveil.errors import ConfigError, SurveilError
from surveil.tables import cell

if TYPE_CHECKING:
    from surveil.training.data.class_names import ClassNames
    from surveil.training.report.assessment import Assessment

DATA_HELP = (
    "The model's data folder, as training read it, or a dataset: class folders, one that 'surveil "
    "dataset import' wrote, FER2013."
)


@click.command()
@click.argument("model")
@click.option("--data", type=click.Path(path_type=Path), required=True, help=DATA_HELP)
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    help="Which faces.  [default: test (PublicTest and the people held out); all faces of a "
    "dataset whose source the model was not trained with]",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Read --data as this training configuration's data folder, not as the model's own.",
)
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), help="For its cache."
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write all figures; - is stdout."
)
@click.option(
    "--report",
    "report_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write index.html into this folder: one page with all plots, self-contained.",
)
@click.option("--against", help="Another model to compare with on the same faces (McNemar).")
@click.option(
    "--quick",
    is_flag=True,
    help="Leave out what takes minutes: ten crops, spoilt faces, thresholds of validation, time.",
)
@click.option(
    "--speed/--no-speed",
    "with_speed",
    default=None,
    help="Measure time and memory (default: with --json, --report or --record, unless --quick).",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--threads", type=click.IntRange(1, 256), help="CPU threads (default: all cores).")
@click.option(
    "--groups", type=click.Path(path_type=Path), help="CSV with a column 'name' for each face."
)
@click.option(
    "--group-by", "columns", multiple=True, help="Column of --groups to report apart; repeatable."
)
@click.option(
    "--record",
    is_flag=True,
    help="Write the figures into the model's own metrics.json and card.md.",
)
@with_class_names
def command(
    model: str,
    data: Path,
    split: str | None,
    config: Path | None,
    runs: Path,
    json_path: Path | None,
    report_dir: Path | None,
    against: str | None,
    quick: bool,
    with_speed: bool | None,
    device: str,
    threads: int | None,
    groups: Path | None,
    columns: tuple[str, ...],
    record: bool,
    names: ClassNames,
) -> None:
    """Evaluate MODEL, a name or a folder, on the faces below --data.

    The split of the model's own data is drawn as it was for its training, so that nothing it was
    fitted to is reported as a test. Of any other dataset all faces are reported on, without those
    that the model is known to have learned. With --json or --report everything is measured, which
    takes minutes on a CPU; else, or with --quick, what one pass over the faces gives.
    """
    full = bool(json_path or report_dir or record) and not quick
    _check_options(full, groups, columns, record, split)
    _check_outputs(json_path, report_dir)
    # Imported here: torch takes seconds, and --help does not need it.
    from surveil.classify.networks import read_model
    from surveil.models import find_model
    from surveil.training.report.assessment import Wanted, assess

    stored = read_model(find_model(model))
    if record:
        check_folder_writable(stored.folder)
    wanted = Wanted(
        data=data,
        runs=runs,
        split=split,
        config=config,
        against=against,
        full=full,
        with_speed=full if with_speed is None else with_speed,
        record=record,
        device=device,
        threads=threads,
        groups=groups,
        group_by=columns,
        names=names,
    )
    assessment = assess(stored, wanted, _Progress(Console(stderr=True), quiet=not full))
    _put_out(assessment, json_path, report_dir, record)
    for warning in assessment.material.warnings:
        say(f"Note: {warning}", err=True)
    if learned := assessment.material.learned:
        say(f"Note: {learned} faces were left out: models were trained with them.", err=True)


def _check_options(
    full: bool, groups: Path | None, columns: tuple[str, ...], record: bool, split: str | None
) -> None:
    if bool(groups) != bool(columns):
        raise ConfigError("--groups and --group-by belong together: a file, and columns of it")
    if columns and not full:
        raise ConfigError("--group-by needs --json, --report or --record, and no --quick")
    if record and split not in (None, "test"):
        from surveil.training.report.assessment import RECORD_NEEDS

        raise ConfigError(RECORD_NEEDS)


def _check_outputs(json_path: Path | None, report_dir: Path | None) -> None:
    """Find out before minutes of work that its results could not be written."""
    if json_path and str(json_path) != "-":
        check_writable(json_path)
    if report_dir:
        from surveil.training.report.pages import check_pages

        check_pages()
        check_folder_writable(report_dir)


def _put_out(
    assessment: Assessment, json_path: Path | None, report_dir: Path | None, record: bool
) -> None:
    written: list[Path] = []
    if record:
        written.append(assessment.record())
    if report_dir:
        written.append(_write_page(report_dir, assessment.page()))
    text = json.dumps(assessment.as_json(), indent=1) + "\n"
    if json_path and str(json_path) == "-":
        click.echo(text, nl=False)
        return
    if json_path:
        write_file(json_path, text.encode())
        written.append(json_path)
    show(lambda console: show_study(console, assessment))
    for path in written:
        say(f"written to {path}")


def _write_page(folder: Path, page: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SurveilError(f"cannot write {folder}: {error.strerror}") from None
    path = folder / "index.html"
    write_file(path, page.encode())
    return path


class _Progress:
    """Says on stderr what is measured now."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet

    def __call__(self, what: str) -> None:
        if not self._quiet:
            self._console.print(cell(f"measuring: {what}"), soft_wrap=True)
