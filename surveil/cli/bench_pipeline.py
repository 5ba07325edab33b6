"""``surveil bench pipeline``."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.cli.measured import measurement
from surveil.measuring.peers import PEERS
from surveil.measuring.pipeline import PipelineLoad, measure_pipeline
from surveil.measuring.report import Report


@click.command("pipeline")
@click.option(
    "--clip",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A video.  [default: one of the demo]",
)
@click.option("--frames", default=250, show_default=True, type=click.IntRange(1, 100_000))
@click.option(
    "--fps", default=120.0, show_default=True, type=click.FloatRange(0.1, 120), help="At most."
)
@click.option("--min-face-px", default=40, show_default=True, type=click.IntRange(12, 1000))
@click.option("--model", default="emotion-resnet18", show_default=True, help="Name or folder.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--peer", is_flag=True, help="facenet-pytorch and the same model by PyTorch, too, one thread."
)
@click.option(
    "--peers",
    is_flag=True,
    help="fer and hsemotion-onnx, too, in environments that uv makes below the cache (2 GB).",
)
@measurement
def command(
    clip: Path | None,
    frames: int,
    fps: float,
    min_face_px: int,
    model: str,
    rounds: int,
    peer: bool,
    peers: bool,
) -> Report:
    """Milliseconds a frame from file to scores of faces, on one thread."""
    load = PipelineLoad(
        clip, frames, fps, min_face_px, model, peer or peers, PEERS if peers else ()
    )
    return measure_pipeline(load, rounds, lambda line: click.echo(line, err=True))
