"""A model as a file for other programs: ONNX, OpenVINO's own form, TorchScript.

A file takes its place once it was read back and said what the model itself says, in batches of
another size than it was made with.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import openvino
import torch
from numpy.typing import NDArray

from surveil.classify.networks import StoredModel
from surveil.classify.preprocess import normalise
from surveil.engines.exporting import to_onnx
from surveil.engines.openvino import TOLERANCE, compile_openvino
from surveil.engines.shapes import InputShape
from surveil.engines.torch import compile_torch
from surveil.errors import ModelError
from surveil.models.files import FACTS
from surveil.replacing import force_to_disk

FACES = 24
"""Pictures that a file is asked about."""
AT_ONCE = (1, 3, 20)
"""They are asked about in batches of so many, none of them the size that a file is made with."""


class Format(StrEnum):
    """What a model can be exported as."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCHSCRIPT = "torchscript"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        files: The network first.
        difference: Largest difference of a logit from the model's own in PyTorch, as a share of the
            largest logit.
    """

    files: tuple[Path, ...]
    difference: float


def export_as(model: StoredModel, form: Format, out: Path) -> Exported:
    """Write a model's network as a file of another form, and ``model.json`` beside it.

    Classes in order, sizes, pixel statistics and calibration stand in ``model.json``: the network
    itself takes normalised pixels ``(N, C, H, W)`` and gives logits ``(N, K)``.

    Args:
        model: As read from its folder.
        form: Which.
        out: Gets a folder of the model's name.

    Raises:
        ModelError: The file does not say what the model says, or cannot be written; what was there
            before stays.
    """
    folder = out / model.facts.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as fresh:
            written = _write(model, form, Path(fresh))
            difference = _check(model, form, written[0])
            shutil.copyfile(model.folder / FACTS, Path(fresh) / FACTS)
            names = [path.name for path in written] + [FACTS]
            for name in names:
                force_to_disk(Path(fresh) / name)
                (Path(fresh) / name).replace(folder / name)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return Exported(tuple(folder / name for name in names), difference)


def _write(model: StoredModel, form: Format, folder: Path) -> list[Path]:
    side, channels = model.facts.input.crop_px, model.facts.architecture.channels
    shape = (2, channels, side, side)
    if form is Format.TORCHSCRIPT:
        path = folder / "model.pt"
        with warnings.catch_warnings(), torch.no_grad():
            # PyTorch means to leave TorchScript one day; what reads it is still in use.
            warnings.simplefilter("ignore")
            script = torch.jit.trace(  # type: ignore[no-untyped-call]
                model.network.eval(), torch.zeros(shape), check_trace=False
            )
            torch.jit.save(script, str(path))
        return [path]
    onnx = to_onnx(model.network, shape)
    if form is Format.ONNX:
        path = folder / "model.onnx"
        path.write_bytes(onnx)
        return [path]
    path = folder / "model.xml"
    # Left alone, it would round the weights to half precision.
    openvino.save_model(openvino.Core().read_model(onnx), path, compress_to_fp16=False)
    return [path, path.with_suffix(".bin")]


def _check(model: StoredModel, form: Format, path: Path) -> float:
    """Return the largest difference, or refuse the file."""
    side, channels = model.facts.input.crop_px, model.facts.architecture.channels
    shape = InputShape((None, channels, side, side))
    views = _views(model)
    reference = compile_torch(model.network, device="cpu", shape=shape)
    if form is Format.TORCHSCRIPT:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            script = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
            again = compile_torch(script, device="cpu", shape=shape)
    else:
        again = compile_openvino(
            path.read_bytes() if form is Format.ONNX else path, shape=shape, threads=1
        )
    largest = worst = 0.0
    at = 0
    for count in AT_ONCE:
        batch = np.ascontiguousarray(views[at : at + count])
        at += count
        (wanted,), (given,) = reference(batch), again(batch)
        worst = max(worst, float(np.abs(wanted - given).max(initial=0.0)))
        largest = max(largest, float(np.abs(wanted).max(initial=0.0)), 1.0)
    if not worst / largest <= TOLERANCE:
        raise ModelError(
            f"{model.folder}: as {form} the network says something else than by PyTorch: logits "
            f"differ by up to {worst / largest:.1e} of the largest, {TOLERANCE:.0e} are allowed"
        )
    return worst / largest


def _views(model: StoredModel) -> NDArray[np.float32]:
    """Return faces that are none, ``(FACES, C, H, W)``: shades with edges and noise, all different.

    The check needs no photographs: a wrong operation differs on any picture.
    """
    how = model.facts.preprocessing
    random = np.random.default_rng(0)
    side = (how.frame_px, how.frame_px) + ((3,) if how.channels == 3 else ())
    frames = random.integers(0, 256, (FACES, *side))
    shade = np.linspace(0, 255, how.frame_px)[:, None]
    shade = shade[..., None] if how.channels == 3 else shade
    mixed = (frames * random.random((FACES,) + (1,) * len(side)) + shade) / 2
    mixed[:, : how.frame_px // 3] /= 2
    return normalise(mixed.clip(0, 255).astype(np.uint8), how)
