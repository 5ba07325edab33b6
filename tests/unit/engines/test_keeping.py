"""Compiled networks that are kept: the same outputs, and nothing unsound is ever run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest

from surveil.engines import KeptNetworks
from surveil.engines.keeping import MOST_FILES, key_of
from surveil.engines.openvino import compile_openvino
from surveil.engines.shapes import InputShape
from surveil.models import find_model

SHAPE = InputShape((None, 24, 24, 3))
BATCH = np.random.default_rng(1).uniform(-1, 1, (3, 24, 24, 3)).astype(np.float32)


def run(folder: Path | None, threads: int = 1) -> list[bytes]:
    """Return R-Net's outputs on a batch."""
    onnx = (find_model("mtcnn") / "rnet-int8.onnx").read_bytes()
    kept = KeptNetworks(folder) if folder is not None else None
    network = compile_openvino(onnx, shape=SHAPE, threads=threads, kept=kept)
    return [output.tobytes() for output in network(BATCH)]


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows with each network that is compiled."""
    found: list[str] = []
    compile_model = openvino.Core.compile_model

    def counted(core: openvino.Core, *args: object) -> openvino.CompiledModel:
        found.append("compiled")
        return compile_model(core, *args)

    monkeypatch.setattr(openvino.Core, "compile_model", counted)
    return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reasons that were told for making a network anew."""
    reasons: list[str] = []

    def complain(kept: KeptNetworks, path: Path, reason: str) -> None:
        reasons.append(reason)

    monkeypatch.setattr(KeptNetworks, "_complain", complain)
    return reasons


def the_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_is_kept_gives_the_same_outputs_without_compiling(
    tmp_path: Path, compilations: list[str]
) -> None:
    folder = tmp_path / "data" / "engines"
    plain, first, second = run(None), run(folder), run(folder)
    assert plain == first == second
    assert len(compilations) == 2
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"), "damaged"),
        (lambda path: path.write_bytes(os.urandom(1000)), "damaged"),
        (lambda path: (path.unlink(), path.mkdir()), "Is a directory"),
        (lambda path: os.chown(path, 12345, -1), "belongs to another user"),
    ],
)
def test_a_file_that_is_not_sound_is_made_anew_and_told(
    tmp_path: Path,
    compilations: list[str],
    told: list[str],
    spoil: Callable[[Path], object],
    reason: str,
) -> None:
    sound = run(tmp_path)
    try:
        spoil(the_file(tmp_path))
    except PermissionError:
        pytest.skip("only root gives files away")
    assert run(tmp_path) == sound
    assert len(compilations) == 2
    assert any(reason in one for one in told)


def test_a_file_of_something_else_under_this_name_is_damaged(tmp_path: Path) -> None:
    kept = KeptNetworks(tmp_path)
    one, other = key_of(b"one", {}), key_of(b"other", {})
    kept.write(one, b"a network")
    path = the_file(tmp_path)
    path.rename(path.with_name(path.name.replace(one.hex(), other.hex())))
    assert kept.read(other) is None


def test_what_the_engine_does_not_take_is_made_anew(
    tmp_path: Path, compilations: list[str], told: list[str]
) -> None:
    sound = run(tmp_path)
    path = the_file(tmp_path)
    KeptNetworks(tmp_path).write(bytes.fromhex(path.stem), b"of an engine that was")
    assert run(tmp_path) == sound
    assert len(compilations) == 2
    assert told


def test_options_versions_and_processors_have_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    run(tmp_path, threads=2)
    monkeypatch.setattr(openvino, "get_version", lambda: "of tomorrow")
    run(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert key_of(b"network", {"cpu": "a"}) != key_of(b"network", {"cpu": "b"})


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "file" / "engines") == run(None)
    assert "Not a directory" in told


def test_a_folder_holds_a_bounded_number_of_files(tmp_path: Path) -> None:
    kept = KeptNetworks(tmp_path)
    for number in range(MOST_FILES + 5):
        kept.write(key_of(b"network", {"number": number}), b"content")
    assert len(list(tmp_path.iterdir())) == MOST_FILES
