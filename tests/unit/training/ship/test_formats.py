"""A model as a file for other programs says what the model says, or is not written."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch
from click.testing import CliRunner
from kit.models import write_small_model
from numpy.typing import NDArray

from surveil.classify.networks import StoredModel, build_network, read_model, write_model
from surveil.cli.export import command
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError, ModelError
from surveil.models import ModelFacts, PixelFacts
from surveil.models.architecture import Architecture, ColourCnn, DeepEmotion
from surveil.training.ship.formats import Format, export_as


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return read_model(write_small_model(tmp_path_factory.mktemp("models") / "small"))


@pytest.mark.parametrize("form", list(Format))
def test_a_file_takes_any_number_of_faces_and_says_the_same(
    small: StoredModel, form: Format, tmp_path: Path
) -> None:
    written = export_as(small, form, tmp_path)
    assert written.difference <= 1e-4
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == sorted(
        path.name for path in written.files
    )
    batch = torch.linspace(-2, 2, 5 * 44 * 44).reshape(5, 1, 44, 44)
    with torch.no_grad():
        wanted = small.network(batch).numpy()
    assert np.allclose(_ask(written.files[0], batch), wanted, atol=1e-4)


def _ask(path: Path, batch: torch.Tensor) -> NDArray[np.float32]:
    if path.suffix == ".pt":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is on its way out
            script = torch.jit.load(str(path))  # type: ignore[no-untyped-call]
            return np.asarray(script(batch).detach())
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.asarray(compiled([batch.numpy()])[0])


@pytest.mark.parametrize("architecture", [DeepEmotion(), ColourCnn()], ids=lambda a: str(a.kind))
def test_networks_of_other_makers_too(architecture: Architecture, tmp_path: Path) -> None:
    torch.manual_seed(1)
    facts = ModelFacts(
        name="other", architecture=architecture, classes=EMOTIONS[:3],
        input=PixelFacts(frame_px=48, crop_px=48, mean=0.5, std=0.25),
        temperature=1.0, training={}, code_version="0", weights_sha256="0" * 64,
    )  # fmt: skip
    write_model(tmp_path / "other", facts, build_network(architecture, 3))
    model = read_model(tmp_path / "other")
    for form in Format:
        assert export_as(model, form, tmp_path / "out").difference <= 1e-4


class _Drifting(torch.nn.Module):
    """Says something else each time, as a network does that was left in training mode."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return torch.rand(batch.shape[0], 7)


def test_a_file_that_says_something_else_is_not_written(small: StoredModel, tmp_path: Path) -> None:
    drifting = StoredModel(small.facts, _Drifting(), small.folder)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="something else than by PyTorch"):
        export_as(drifting, Format.TORCHSCRIPT, tmp_path)
    assert list((tmp_path / "small").iterdir()) == []


def test_the_command_tells_what_it_wrote_and_refuses_what_does_not_go(
    small: StoredModel, tmp_path: Path
) -> None:
    out = ["--format", "openvino", "--out", str(tmp_path)]
    said = CliRunner().invoke(command, [str(small.folder), *out], catch_exceptions=False).output
    assert "model.xml" in said
    assert "logits differ by at most" in said
    with pytest.raises(ConfigError, match="three networks"):
        CliRunner().invoke(command, ["mtcnn", *out], catch_exceptions=False)
    with pytest.raises(ConfigError, match="8 bits"):
        CliRunner().invoke(
            command, [str(small.folder), *out, "--int8", str(tmp_path)], catch_exceptions=False
        )
