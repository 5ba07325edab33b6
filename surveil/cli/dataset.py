"""``surveil dataset``: make, count and look at labelled faces."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from surveil.cli.class_names import with_class_names
from surveil.cli.dataset_export import export
from surveil.cli.dataset_label import agree, label
from surveil.cli.saying import say
from surveil.cli.tabular import show, write_file
from surveil.errors import ConfigError
from surveil.tables import Column, cell, draw_table, number

if TYPE_CHECKING:
    from surveil.training.collect.site_import import ImportReport
    from surveil.training.collect.stats import DatasetStats
    from surveil.training.config import TrainConfig
    from surveil.training.data.class_names import ClassNames
    from surveil.training.faces import Faces

CONFIG_HELP = (
    "Read PATH as this training configuration's data folder: cleaned and split as for training."
)
RUNS_HELP = "With --config: where training keeps its imported faces."


@click.group()
def command() -> None:
    """Labelled faces: import a site's own, count them, look at them.

    PATH may be a dataset that 'import' wrote, folders named after expressions, FER2013 (Kaggle's
    CSV file, or a folder with it or with parquet files), or, with --config, a data folder.
    """


command.add_command(label)
command.add_command(agree)
command.add_command(export)


@command.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The dataset's folder.")
@click.option(
    "--labels",
    "labels_csv",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Columns file and emotion; if wanted person, group, and start_s and end_s of a part of a "
    "video. Without it, SOURCE has a sub-folder for each expression.",
)
@click.option(
    "--person-from",
    metavar="folder|column|regex:PATTERN",
    help="Who is seen, so that nobody is in two splits: CLASS/PERSON/ or PERSON/CLASS/ folders, a "
    "column of --labels, or the first group of a pattern in the file's path. Without, the column "
    "person if there is one; else copies, and the faces of a video, stay together.",
)
@click.option("--name", help="The dataset's name in manifests.  [default: that of --out]")
@click.option("--test-percent", type=click.IntRange(0, 100), default=20, show_default=True,
              help="Of the people.")  # fmt: skip
@click.option("--validation-percent", type=click.IntRange(0, 100), default=10, show_default=True,
              help="Of the people.")  # fmt: skip
@click.option("--min-face-px", type=click.IntRange(12, 1000), default=24, show_default=True,
              help="Smaller faces are set aside.")  # fmt: skip
@click.option("--min-sharpness", type=click.FloatRange(0), default=60.0, show_default=True,
              help="Variance of the Laplacian at 48 px; blurred faces are set aside.")  # fmt: skip
@click.option("--frame-px", type=click.IntRange(32, 256), default=48, show_default=True,
              help="Side of the faces written.")  # fmt: skip
@click.option("--color/--grey", "color", default=False, help="Keep colour.  [default: grey]")
@click.option("--fps", type=click.FloatRange(0.01, 60), default=1.0, show_default=True,
              help="Pictures of a video looked at per second.")  # fmt: skip
@click.option("--replace", is_flag=True,
              help="Let --out lose most of its faces, or be made of other files.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 256), help="CPU threads (default: all cores).")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@with_class_names
def import_command(
    source: Path,
    out: Path,
    labels_csv: Path | None,
    person_from: str | None,
    name: str | None,
    test_percent: int,
    validation_percent: int,
    min_face_px: int,
    min_sharpness: float,
    frame_px: int,
    color: bool,
    fps: float,
    replace: bool,
    threads: int | None,
    as_json: bool,
    names: ClassNames,
) -> None:
    """Make a dataset of the photographs and videos in SOURCE.

    The largest face of each picture is found and cut out as in production. Copies are removed;
    what is too small, blurred or unlabelled is listed in set_aside.csv with the reason. The same
    command again gives the same manifest; training reads the folder as one of data.datasets.
    """
    # Imported here: torch takes seconds, and --help does not need it.
    from surveil.training.collect.labelling import PersonFrom, labels_from
    from surveil.training.collect.site_import import ImportSettings, import_detector, import_site
    from surveil.training.data.custom import SplitRule

    if test_percent + validation_percent > 100:
        raise ConfigError("--test-percent and --validation-percent are more than 100 together")
    settings = ImportSettings(
        name=name or out.resolve().name,
        rule=SplitRule(test_percent, validation_percent),
        frame_px=frame_px,
        channels=3 if color else 1,
        min_face_px=min_face_px,
        min_sharpness=min_sharpness,
        sample_fps=fps,
        replace=replace,
    )
    labels = labels_from(source, labels_csv, PersonFrom.parse(person_from), names)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("files", total=1)
        report = import_site(
            source,
            out,
            labels,
            settings,
            lambda: import_detector(settings, threads),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        _show_import(report, out)
    for note in report.notes(settings.rule):
        say(f"Note: {note}", err=True)


def _show_import(report: ImportReport, out: Path) -> None:
    splits = ", ".join(f"{count} {split}" for split, count in report.splits.items())
    say(f"{len(report.entries)} faces of {report.people} named people: {splits}")
    for reason, count in report.set_aside.most_common():
        say(f"  set aside: {count} {reason}")
    say(f"written to {out}")


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), help=CONFIG_HELP)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help=RUNS_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@with_class_names
def stats(path: Path, config: Path | None, runs: Path, as_json: bool, names: ClassNames) -> None:
    """Count the faces of PATH: classes, duplicates, conflicting labels, leakage between splits.

    Without --config FER2013 is counted as it is stored, before anything is dropped.
    """
    from surveil.training.collect.stats import stats_of

    faces, set_aside, _ = _read(path, config, runs, names)
    figures = stats_of(faces, set_aside)
    if as_json:
        click.echo(json.dumps(figures.as_json(), indent=1))
    else:
        show(lambda console: _show(console, str(path), figures))


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="FILE.png or FILE.html."
)
@click.option("--config", type=click.Path(path_type=Path), help=CONFIG_HELP)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help=RUNS_HELP)
@click.option("--count", type=click.IntRange(1, 100), default=12, show_default=True,
              help="Faces of each class.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@with_class_names
def preview(
    path: Path,
    out: Path,
    config: Path | None,
    runs: Path,
    count: int,
    seed: int,
    names: ClassNames,
) -> None:
    """Draw faces of each class as stored and as trained on, after augmentation.

    With --config the augmentation is that of the configuration, else the default.
    """
    from surveil.training.report.contact_sheet import Look, as_html, as_png, class_sheets

    if out.suffix.lower() not in (".png", ".html"):
        raise ConfigError(f"--out {out}: the name must end in .png or .html")
    faces, _, settings = _read(path, config, runs, names)
    look = Look.of(settings) if settings else Look()
    sheets = class_sheets(faces, look, count=count, seed=seed)
    title = f"{settings.name if settings else path.resolve().name}: before and after augmentation"
    if out.suffix.lower() == ".png":
        write_file(out, as_png(sheets, title))
    else:
        remarks = [f"{len(faces)} faces from {path}", *look.remarks]
        write_file(out, as_html(sheets, title, remarks).encode())
    say(f"written to {out}: {sum(len(sheet.stored) for sheet in sheets)} faces")


def _read(
    path: Path, config: Path | None, runs: Path, names: ClassNames
) -> tuple[Faces, dict[str, int], TrainConfig | None]:
    if config is None:
        from surveil.training.data.path import read_path

        aside: Counter[str] = Counter()
        faces = read_path(path, names=names, aside=aside)
        return faces, dict(aside), None
    from surveil.training.config import load_config
    from surveil.training.data.dataset import load_dataset
    from surveil.training.data.face_finder import face_detector

    settings = load_config(config)
    dataset = load_dataset(settings, path, runs / "cache", face_detector)
    return dataset.faces, dataset.set_aside, settings


def _show(console: Console, title: str, stats: DatasetStats) -> None:
    from surveil.domain import EMOTIONS

    console.print(cell(f"{title}: {stats.faces} faces, {stats.frame}"), soft_wrap=True)
    columns: list[Column | str] = [
        "source",
        "split",
        *(number(emotion.value) for emotion in EMOTIONS),
    ]
    rows = [
        [part.source, part.split, *map(str, part.classes), str(part.faces), str(part.people or "-")]
        for part in stats.parts
    ]
    console.print(draw_table(console, [*columns, number("faces"), number("people")], rows))
    headings = ("groups", "faces in them", "groups with other labels", "faces in those")
    rows = [
        [kind, *map(str, (found.groups, found.faces, found.conflicting, found.conflicting_faces))]
        for kind, found in (("exact", stats.exact), ("exact or near", stats.near))
    ]
    columns = ["kind", *map(number, headings)]
    console.print(draw_table(console, columns, rows, title="Duplicates"))
    columns = [
        "source",
        "split",
        "is in",
        *map(number, ("faces", "exact", "near")),
        "people in both",
    ]
    rows = [
        [leak.source, leak.held, leak.known, *map(str, (leak.faces, leak.exact, leak.near)),
         _names(leak.people)]
        for leak in stats.leaks
    ]  # fmt: skip
    if rows:
        title = "Leakage: faces of one split that are in another"
        console.print(draw_table(console, columns, rows, title=title))
    console.print(f"blank: {stats.blank}")
    _print_counts(lambda line: console.print(cell(line)), "groups", stats.groups)
    _print_counts(lambda line: console.print(cell(line)), "left out when read", stats.set_aside)


def _print_counts(say: Callable[[str], None], what: str, counts: dict[str, int]) -> None:
    if counts:
        say(f"{what}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def _names(people: list[str]) -> str:
    if len(people) <= 3:
        return ", ".join(people) or "0"
    return f"{len(people)}: {', '.join(people[:3])}, ..."
