"""``surveil evaluate``: how good a model is on labelled faces."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from surveil.cli.evaluate_tables import show_study
from surveil.cli.tabular import check_folder_writable, check_writable, render, write_file
from surveil.errors import ConfigError, SurveilError

if TYPE_CHECKING:
    from surveil.classify.networks import StoredModel
    from surveil.training.measure.material import Material
    from surveil.training.measure.study import Study
    from surveil.training.records.figures import Speed

DATA_HELP = (
    "The model's data folder, as training read it, or a dataset: class folders, one that 'surveil "
    "dataset import' wrote, FER2013."
)
RECORD_NEEDS = (
    "--record takes the test split of the data that the model was trained with: metrics.json must "
    "not hold figures of faces it may have learned"
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
) -> None:
    """Evaluate MODEL, a name or a folder, on the faces below --data.

    The split of the model's own data is drawn as it was for its training, so that nothing it was
    fitted to is reported as a test. Of any other dataset all faces are reported on, without those
    that the model is known to have learned. With --json or --report everything is measured, which
    takes minutes on a CPU; else, or with --quick, what one pass over the faces gives.
    """
    full = bool(json_path or report_dir or record) and not quick
    if bool(groups) != bool(columns):
        raise ConfigError("--groups and --group-by belong together: a file, and columns of it")
    if columns and not full:
        raise ConfigError("--group-by needs --json, --report or --record, and no --quick")
    if record and split not in (None, "test"):
        raise ConfigError(RECORD_NEEDS)
    _check_outputs(json_path, report_dir)
    # Imported here: torch takes seconds, and --help does not need it.
    import torch

    from surveil.classify.networks import read_model
    from surveil.engines import resolve_device
    from surveil.models import find_model
    from surveil.training.config import load_config
    from surveil.training.data.face_finder import face_detector
    from surveil.training.faces import Split
    from surveil.training.fit.hardware import describe_hardware
    from surveil.training.measure.material import check_faces, load_material
    from surveil.training.measure.runner import Runner
    from surveil.training.measure.speed import measure
    from surveil.training.measure.strata import read_groups
    from surveil.training.measure.study import Extent, study
    from surveil.training.ship.record import has_full_figures, record_study

    stored = read_model(find_model(model))
    if record:
        check_folder_writable(stored.folder)
        if quick and has_full_figures(stored.folder):
            raise ConfigError("--record with --quick would drop figures recorded in full")
    other = read_model(find_model(against)) if against else None
    chosen = resolve_device(device)
    torch.set_num_threads(threads or torch.get_num_threads())
    material = load_material(
        stored,
        data,
        runs / "cache",
        face_detector,
        split=Split(split) if split else None,
        config=load_config(config) if config else None,
        rival=other,
    )
    if record and not (material.same_data and material.split is Split.TEST):
        raise ConfigError(RECORD_NEEDS)
    check_faces(material, stored, data)
    say = _Progress(Console(stderr=True), quiet=not full)
    result = study(
        stored,
        material.faces,
        material.split,
        Extent(
            full=full,
            by=lambda faces: read_groups(groups, columns, faces) if groups else {},
            against=other,
            against_unsure=material.rival_unsure,
        ),
        runner=Runner(stored, device=chosen, threads=threads) if full else None,
        progress=say,
    )
    speed: list[Speed] = []
    memory_bytes = None
    if full if with_speed is None else with_speed:
        say("time and memory")
        speed, memory_bytes = measure(stored, device=chosen, threads=threads)
    hardware = describe_hardware(torch.device(chosen), threads)
    written: list[Path] = []
    if record:
        assert material.config is not None
        full_epochs = material.config.full_epochs
        written.append(
            record_study(stored, result, speed, memory_bytes, hardware, full_epochs=full_epochs)
        )
    if report_dir:
        written.append(
            _write_report(report_dir, stored, material, result, speed, memory_bytes, hardware)
        )
    content = {
        "model": stored.facts.versioned_name,
        "classes": list(stored.facts.classes),
        "split": material.split.value if material.split else "all",
        "manifest_sha256": material.sha256,
        "same_data_as_trained_on": material.same_data,
        "warnings": list(material.warnings),
        "temperature": stored.facts.temperature,
        "smoothing": stored.facts.smoothing,
        "results": {name: found.as_json() for name, found in result.sets.items()},
        "calibrations": [asdict(row) for row in result.calibrations],
        "faces_left_out": result.left_out,
        "learned_faces_left_out": material.learned,
        "speed": [row.model_dump() for row in speed],
        "memory_bytes": memory_bytes,
        "hardware": hardware,
    }
    text = json.dumps(content, indent=1) + "\n"
    if json_path and str(json_path) == "-":
        click.echo(text, nl=False)
    else:
        if json_path:
            write_file(json_path, text.encode())
            written.append(json_path)
        title = f"{stored.facts.versioned_name}, {material.chosen}"
        click.echo(render(lambda console: show_study(console, title, result, speed)), nl=False)
        for path in written:
            click.echo(f"written to {path}")
    for warning in material.warnings:
        click.echo(f"Note: {warning}", err=True)
    if material.learned:
        click.echo(
            f"Note: {material.learned} faces were left out: models were trained with them.",
            err=True,
        )


def _check_outputs(json_path: Path | None, report_dir: Path | None) -> None:
    """Find out before minutes of work that its results could not be written."""
    if json_path and str(json_path) != "-":
        check_writable(json_path)
    if report_dir:
        from surveil.training.report.pages import check_pages

        check_pages()
        check_folder_writable(report_dir)


def _write_report(
    folder: Path,
    model: StoredModel,
    material: Material,
    result: Study,
    speed: list[Speed],
    memory_bytes: int | None,
    hardware: str,
) -> Path:
    from importlib.metadata import version

    from surveil.training.measure.sizes import sizes_of
    from surveil.training.records.wording import input_sentence, network_sentence
    from surveil.training.report.page import Report, report_page

    facts = model.facts
    report = Report(
        model=facts.versioned_name,
        network=f"{network_sentence(facts.architecture)}, on {input_sentence(facts)}",
        parameters=sizes_of(model).parameters,
        classes=facts.classes,
        split=material.chosen,
        warnings=material.warnings,
        sources=material.sources,
        learned=material.learned,
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
            self._console.print(f"measuring: {what}", highlight=False, markup=False)
