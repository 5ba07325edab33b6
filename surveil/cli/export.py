"""``surveil export``: the files that CPUs run, made of a model's weights."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.models import find_model
from surveil.models.detectors import MTCNN


@click.command()
@click.argument("model", nargs=-1, required=True)
def command(model: tuple[str, ...]) -> None:
    """Write each MODEL's ONNX file, a name or a folder, of its weights.

    CPUs run model.onnx without PyTorch; training writes it, so this is for models of earlier
    versions. The detector, mtcnn, is made anew of the weights that facenet-pytorch carries.
    """
    folders = [find_model(name) for name in model]
    # After the names are known to be right: PyTorch takes seconds.
    from surveil.classify.networks import write_network

    for folder in folders:
        if folder.name == MTCNN:
            from surveil.training.ship.mtcnn import export_mtcnn

            export_mtcnn(folder)
        else:
            write_network(folder)
        _say(folder)


def _say(folder: Path) -> None:
    for path in sorted(folder.glob("*.onnx")):
        click.echo(f"{path}: {path.stat().st_size:,} bytes")
