"""Models are found by path and by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kit.models import write_small_model

from surveil.errors import ModelError
from surveil.models import find_model, models_in, read_facts
from surveil.models.detectors import MTCNN
from surveil.models.files import SHIPPED
from surveil.models.weights import read_network


def test_a_path_is_found_as_it_is(tmp_path: Path) -> None:
    assert find_model(tmp_path) == tmp_path
    assert find_model(str(tmp_path)) == tmp_path


def test_a_name_is_sought_in_the_given_folders_first(tmp_path: Path) -> None:
    folder = write_small_model(tmp_path / "emotion-resnet18")
    assert find_model("emotion-resnet18", [tmp_path]) == folder
    assert find_model("emotion-resnet18") != folder


@pytest.mark.parametrize("name", ["no-such-model", "../no-such-model", "/nowhere/at/all", ""])
def test_unknown_model_names_where_it_was_sought(name: str, tmp_path: Path) -> None:
    if name == "":
        name = str(tmp_path / "empty")
    with pytest.raises(ModelError, match="was not found"):
        find_model(name)


def test_models_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("beta", "alpha"):
        write_small_model(tmp_path / name)
    shutil.copytree(find_model(MTCNN), tmp_path / "a-detector")
    (tmp_path / "no-model").mkdir()
    (tmp_path / "file").touch()
    assert [folder.name for folder in models_in(tmp_path)] == ["alpha", "beta"]


def test_the_models_of_the_repository_are_of_bounded_size() -> None:
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    sizes = {path.name: path.stat().st_size for path in files if path.stat().st_size > 24 << 20}
    assert files
    assert sizes == {}
    assert sum(path.stat().st_size for path in files) <= 64 << 20


@pytest.mark.parametrize("name", ["emotion-resnet18", "emotion-resnet18-votes"])
def test_shipped_models_have_what_cpus_run(name: str) -> None:
    folder = find_model(name)
    assert read_network(folder, read_facts(folder))
