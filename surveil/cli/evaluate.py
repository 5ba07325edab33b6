"""``surveil evaluate``: how good a model is on labelled faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from surveil.cli.train import DATA_HELP

if TYPE_CHECKING:
    from surveil.training.evaluation import Evaluation


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
def command(
    model: str, data: Path, split: str, config: Path | None, runs: Path, json_path: Path | None
) -> None:
    """Evaluate MODEL, a name or a folder, on the faces below --data.

    The split is drawn as it was for the model's training, so that nothing it was fitted to is
    reported as a test.
    """
    # Imported here: torch takes seconds, and --help does not need it.
    from surveil.classify import find_model, read_model
    from surveil.detect import MtcnnDetector
    from surveil.training.config import TrainConfig, load_config
    from surveil.training.dataset import load_dataset
    from surveil.training.errors import DataError
    from surveil.training.evaluation import evaluate_split
    from surveil.training.faces import Split

    stored = read_model(find_model(model))
    trained = stored.facts.training
    settings = load_config(config) if config else TrainConfig.model_validate(trained["config"])
    dataset = load_dataset(settings, data, runs / "cache", lambda: MtcnnDetector(min_score=0.9))
    same = dataset.sha256 == trained.get("manifest_sha256")
    results = evaluate_split(stored, dataset.faces, Split(split), dataset.repeated)
    if not results:
        raise DataError(f"{data}: the {split} split is empty")
    report = {
        "model": stored.facts.versioned_name,
        "split": split,
        "manifest_sha256": dataset.sha256,
        "same_data_as_trained_on": same,
        "temperature": stored.facts.temperature,
        "results": {name: result.as_json() for name, result in results.items()},
    }
    if json_path and str(json_path) == "-":
        click.echo(json.dumps(report, indent=1))
        return
    if json_path:
        json_path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    _show(Console(), f"{stored.facts.versioned_name}, {split} split", results)
    if not same:
        click.echo(
            "Note: data or split differ from those the model was trained with; "
            "some of these faces may have been trained on.",
            err=True,
        )


def _show(console: Console, title: str, results: dict[str, Evaluation]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("faces of", "faces", "accuracy", "95% interval", "macro-F1"):
        table.add_column(heading, justify="left" if heading == "faces of" else "right")
    table.add_column("ECE raw > scaled", justify="right")
    for name, result in results.items():
        low, high = result.interval
        table.add_row(
            name, str(result.faces), f"{result.accuracy:.2%}", f"{low:.1%} to {high:.1%}",
            f"{result.macro_f1:.3f}",
            f"{result.ece_unscaled:.1%} > {result.ece:.1%}",
        )  # fmt: skip
    console.print(table)
    name, result = next(iter(results.items()))
    table = Table(title=f"By class, {name}", title_justify="left")
    for heading in ("class", "precision", "recall", "F1", "faces"):
        table.add_column(heading, justify="left" if heading == "class" else "right")
    for figures in result.per_class:
        table.add_row(
            figures.emotion,
            f"{figures.precision:.1%}",
            f"{figures.recall:.1%}",
            f"{figures.f1:.3f}",
            str(figures.support),
        )
    console.print(table)
    table = Table(title="Rows as labelled, columns as classified", title_justify="left")
    table.add_column("class")
    for figures in result.per_class:
        table.add_column(figures.emotion[:5], justify="right")
    for figures, counts in zip(result.per_class, result.confusion, strict=True):
        table.add_row(figures.emotion, *(str(count) for count in counts))
    console.print(table)
