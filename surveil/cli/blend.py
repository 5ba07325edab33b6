"""``surveil blend``: one network of two heads on the same trunk."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.cli.saying import say


@click.command()
@click.argument("model")
@click.option(
    "--with", "other", required=True, metavar="MODEL", help="Of the same run: NAME-votes."
)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="As for training.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the model that is written; it may be MODEL's own.",
)
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), help="For its cache."
)
@click.option("--note", default="", help="A remark for the model's card.")
def command(model: str, other: str, data: Path, out: Path, runs: Path, note: str) -> None:
    """Blend the last layers of two models that share a trunk: the labels' and the votes' head.

    Serving costs as much as before. The weight is chosen by the log-loss on validation faces.
    """
    # Imported here: torch takes seconds, and --help does not need it.
    from surveil.classify.networks import read_model
    from surveil.models import find_model
    from surveil.training.data.face_finder import face_detector
    from surveil.training.measure.material import load_material
    from surveil.training.ship.blend import blend

    first, second = (read_model(find_model(name)) for name in (model, other))
    material = load_material(first, data, runs / "cache", face_detector)
    found = blend(first, second, material, out, note)
    for weight, loss in found.log_losses.items():
        say(f"{weight:g} of {second.facts.name}: log-loss {loss:.4f} on validation")
    for name, figures in found.results.items():
        ferplus = f", FER+ majority {figures.ferplus.accuracy:.2%}" if figures.ferplus else ""
        say(f"{name}: accuracy {figures.accuracy:.2%} of {figures.faces}{ferplus}")
    say(f"written to {out}, with {found.weight:g} of {second.facts.name}")
