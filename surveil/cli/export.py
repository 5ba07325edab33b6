"""``surveil export``: the files that CPUs run, made of a model's weights."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.cli.saying import say
from surveil.errors import ConfigError
from surveil.models import find_model
from surveil.models.detectors import MTCNN

MOST_PHOTOGRAPHS = 1000
"""More are not read for --int8, but every second, third … of them."""


@click.command()
@click.argument("model", nargs=-1, required=True)
@click.option(
    "--int8",
    "material",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Write the network in 8 bits instead, with ranges taken from this folder: the model's own "
    "data, as training read them; for mtcnn photographs of people.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["onnx", "openvino", "torchscript"]),
    help="Write the network for other programs instead, into --out, and model.json beside it, "
    "which says classes, sizes and calibration. The file is read back and must say what the model "
    "says.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("exports"),
    show_default=True,
    help="With --format: gets a folder of each model's name.",
)
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), help="For --int8: its cache."
)
def command(
    model: tuple[str, ...], material: Path | None, form: str | None, out: Path, runs: Path
) -> None:
    """Write each MODEL's ONNX file, a name or a folder, of its weights.

    CPUs run model.onnx without PyTorch; training writes it, so this is for models of earlier
    versions. The detector, mtcnn, is made anew of the weights that facenet-pytorch carries.

    With --int8, model-int8.onnx is written, which CPUs run in a third of the time, and what that
    costs in accuracy is measured on the model's test faces and told in its card.
    """
    folders = [find_model(name) for name in model]
    if form is not None:
        _write_format(folders, form, material, out)
        return
    for folder in folders:
        if material is not None:
            _write_int8(folder, material, runs)
        else:
            _write(folder)
        for path in sorted(folder.glob("*.onnx")):
            say(f"{path}: {path.stat().st_size:,} bytes")


def _write(folder: Path) -> None:
    # Here, after the names are known to be right: PyTorch takes seconds.
    if folder.name == MTCNN:
        from surveil.training.ship.mtcnn import export_mtcnn

        export_mtcnn(folder)
    else:
        from surveil.classify.networks import write_network

        write_network(folder)


def _write_format(folders: list[Path], form: str, material: Path | None, out: Path) -> None:
    if material is not None:
        raise ConfigError("--format and --int8 cannot be had together: the 8 bits are ONNX already")
    if any(folder.name == MTCNN for folder in folders):
        raise ConfigError(
            f"--format: {MTCNN} is three networks, whose ONNX files are in its folder"
        )
    from surveil.classify.networks import read_model
    from surveil.training.ship.formats import Format, export_as

    for folder in folders:
        written = export_as(read_model(folder), Format(form), out)
        for path in written.files:
            say(f"{path}: {path.stat().st_size:,} bytes")
        say(f"says what the model says: logits differ by at most {written.difference:.1e}")


def _write_int8(folder: Path, material: Path, runs: Path) -> None:
    from surveil.classify.networks import read_model
    from surveil.training.data.face_finder import face_detector
    from surveil.training.data.pictures import find_files, is_video, read_photograph
    from surveil.training.measure.material import load_material
    from surveil.training.ship.int8 import add_int8, add_int8_detector

    if folder.name == MTCNN:
        paths = [path for path in find_files(material).files if not is_video(path)]
        step = -(-len(paths) // MOST_PHOTOGRAPHS) or 1
        add_int8_detector(folder, [read_photograph(path) for path in paths[::step]])
        return
    model = read_model(folder)
    found = add_int8(model, load_material(model, material, runs / "cache", face_detector))
    for name, row in found.items():
        say(
            f"{name}: {row.accuracy:.1%} of {row.faces:,} faces right in 8 bits, "
            f"{row.accuracy_float32:.1%} in float32, {row.same:.1%} the same answers"
        )
