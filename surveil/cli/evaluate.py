"""``surveil evaluate``: how good a model is on labelled faces."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from surveil.cli.tabular import render, write_file
from surveil.cli.train import DATA_HELP
from surveil.errors import ConfigError, SurveilError

if TYPE_CHECKING:
    from surveil.classify import StoredModel
    from surveil.training.study import Study


@click.command()
@click.argument("model")
@click.option("--data", type=click.Path(path_type=Path), required=True, help=DATA_HELP)
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    default="test",
    show_default=True,
    help="Which faces; 'test' is PublicTest and the custom people held out.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Take data and split from this training configuration instead of the model's own.",
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
def command(
    model: str,
    data: Path,
    split: str,
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
) -> None:
    """Evaluate MODEL, a name or a folder, on the faces below --data.

    The split is drawn as it was for the model's training, so that nothing it was fitted to is
    reported as a test. With --json or --report everything is measured, which takes minutes on a
    CPU; else, or with --quick, what one pass over the faces gives.
    """
    # Imported here: torch takes seconds, and --help does not need it.
    import torch

    from surveil.classify import find_model, read_model
    from surveil.detect import MtcnnDetector
    from surveil.engines import resolve_device
    from surveil.training.config import load_config
    from surveil.training.dataset import load_dataset
    from surveil.training.errors import DataError
    from surveil.training.faces import Split
    from surveil.training.hardware import describe_hardware
    from surveil.training.record import record_study
    from surveil.training.speed import measure
    from surveil.training.strata import read_groups
    from surveil.training.study import Extent, Runner, study

    full = bool(json_path or report_dir or record) and not quick
    if bool(groups) != bool(columns):
        raise ConfigError("--groups and --group-by belong together: a file, and columns of it")
    if columns and not full:
        raise ConfigError("--group-by needs --json, --report or --record, and no --quick")
    stored = read_model(find_model(model))
    other = read_model(find_model(against)) if against else None
    chosen = resolve_device(device)
    torch.set_num_threads(threads or torch.get_num_threads())
    settings = load_config(config) if config else _trained_with(stored)
    dataset = load_dataset(settings, data, runs / "cache", lambda: MtcnnDetector(min_score=0.9))
    same = dataset.sha256 == stored.facts.training.get("manifest_sha256")
    say = _Progress(Console(stderr=True), quiet=not full)
    result = study(
        stored,
        dataset.faces,
        Split(split),
        Extent(
            full=full,
            by=lambda faces: read_groups(groups, columns, faces) if groups else {},
            against=other,
        ),
        runner=Runner(stored, device=chosen) if full else None,
        progress=say,
    )
    if not result.sets:
        raise DataError(f"{data}: the {split} split holds no face of a class that {model} knows")
    speed: list[dict[str, Any]] = []
    memory_bytes = None
    if full if with_speed is None else with_speed:
        say("time and memory")
        speed, memory_bytes = measure(stored, device=chosen, threads=threads)
    hardware = describe_hardware(torch.device(chosen), threads)
    if record:
        if split != "test" or not same:
            raise ConfigError(
                "--record takes the test split of the data that the model was trained with: "
                "metrics.json must not hold figures of faces it may have learned"
            )
        record_study(
            stored, result, speed, memory_bytes, hardware, full_epochs=settings.full_epochs
        )
    if report_dir:
        _write_report(report_dir, stored, split, same, result, speed, memory_bytes, hardware)
    content = {
        "model": stored.facts.versioned_name,
        "classes": list(stored.facts.classes),
        "split": split,
        "manifest_sha256": dataset.sha256,
        "same_data_as_trained_on": same,
        "temperature": stored.facts.temperature,
        "smoothing": stored.facts.smoothing,
        "results": {name: found.as_json() for name, found in result.sets.items()},
        "calibrations": [asdict(row) for row in result.calibrations],
        "faces_left_out": result.left_out,
        "speed": speed,
        "memory_bytes": memory_bytes,
        "hardware": hardware,
    }
    text = json.dumps(content, indent=1) + "\n"
    if json_path and str(json_path) == "-":
        click.echo(text, nl=False)
    else:
        if json_path:
            write_file(json_path, text.encode())
        title = f"{stored.facts.versioned_name}, {split} split"
        click.echo(render(lambda console: _show(console, title, result, speed)), nl=False)
        for path in (json_path, report_dir and report_dir / "index.html"):
            if path:
                click.echo(f"written to {path}")
    if not same:
        click.echo(
            "Note: data or split differ from those the model was trained with; "
            "some of these faces may have been trained on.",
            err=True,
        )


def _trained_with(model: StoredModel) -> Any:
    from pydantic import ValidationError

    from surveil.training.config import TrainConfig

    try:
        return TrainConfig.model_validate(model.facts.training.get("config", {}))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"]) or "config"
        raise ConfigError(
            f"{model.folder}: model.json: training.config: {key}: {problem['msg']}; "
            "give the data's configuration with --config"
        ) from error


def _write_report(
    folder: Path,
    model: StoredModel,
    split: str,
    same: bool,
    result: Study,
    speed: list[dict[str, Any]],
    memory_bytes: int | None,
    hardware: str,
) -> None:
    from importlib.metadata import version

    from surveil.training.model_record import FactsFile
    from surveil.training.report import Report, report_page
    from surveil.training.wording import input_sentence, network_sentence

    facts = FactsFile.model_validate(model.facts.model_dump(mode="json"))
    report = Report(
        model=model.facts.versioned_name,
        network=f"{network_sentence(facts.architecture)}, on {input_sentence(facts)}",
        parameters=sum(value.numel() for value in model.network.parameters()),
        classes=model.facts.classes,
        split=split,
        same_data=same,
        study=result,
        speed=speed,
        memory_bytes=memory_bytes,
        hardware=hardware,
        code_version=version("surveil"),
    )
    page = report_page(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SurveilError(f"cannot write {folder}: {error.strerror}") from None
    write_file(folder / "index.html", page.encode())


class _Progress:
    """Says on stderr what is measured now."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet

    def __call__(self, what: str) -> None:
        if not self._quiet:
            self._console.print(f"measuring: {what}", highlight=False, markup=False)


def _show(console: Console, title: str, result: Study, speed: list[dict[str, Any]]) -> None:
    from surveil.training.findings import findings

    console.print(_sets_table(title, result))
    name, found = next(iter(result.sets.items()))
    evaluation = found.evaluation
    table = _table(f"By class, {name}", "class", *(
        "precision", "recall", "specificity", "F1", "faces",
    ))  # fmt: skip
    for figures in evaluation.per_class:
        table.add_row(
            figures.emotion, f"{figures.precision:.1%}", f"{figures.recall:.1%}",
            f"{figures.specificity:.1%}", f"{figures.f1:.3f}", str(figures.support),
        )  # fmt: skip
    console.print(table)
    table = _table(
        "Rows as labelled, columns as classified", "class", *(n[:5] for n in evaluation.classes)
    )
    for label, counts in zip(evaluation.classes, evaluation.confusion, strict=True):
        table.add_row(label, *(str(count) for count in counts))
    console.print(table)
    for line in findings(result, speed):
        console.print(Text(f"- {line}"))


def _sets_table(title: str, result: Study) -> Table:
    restricted = [
        name
        for name in dict.fromkeys(
            key for found in result.sets.values() for key in found.evaluation.restricted
        )
        if name != "six"
    ]
    table = _table(title, "faces of", *(
        "faces", "accuracy", "95% interval", "ten-crop", "macro-F1", "top-2", "ECE raw > scaled",
        "85% right at", "FER+", *restricted,
    ))  # fmt: skip
    for name, found in result.sets.items():
        figures = found.evaluation
        low, high = figures.interval
        sure = figures.risk_coverage.thresholds[0]
        table.add_row(
            name, str(figures.faces), f"{figures.accuracy:.2%}", f"{low:.1%} to {high:.1%}",
            f"{found.ten_crop.accuracy:.2%}" if found.ten_crop else "–",
            f"{figures.macro_f1:.3f}", f"{figures.top2:.1%}",
            f"{figures.ece_unscaled:.1%} > {figures.ece:.1%}",
            f"{sure.coverage:.1%}" if sure.reached else "–",
            f"{figures.ferplus.accuracy:.1%}" if figures.ferplus else "–",
            *(
                f"{figures.restricted[key].accuracy:.1%}" if key in figures.restricted else "–"
                for key in restricted
            ),
        )  # fmt: skip
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table
