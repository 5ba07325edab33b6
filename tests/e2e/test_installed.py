"""The wheel away from the repository: it finds its models, migrations, settings and clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.wheels import Installed, build_wheel, install_alone, install_whole

SHIPPED = {"emotion-resnet18", "emotion-resnet18-votes"}
"""Models whose weights are in the wheel."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with the libraries of this environment, which takes seconds."""
    return install_alone(wheel, tmp_path_factory.mktemp("alone"))


def media(installed: Installed, name: str) -> Path:
    """Return a clip that is shipped within the package."""
    [clip] = installed.prefix.rglob(f"surveil/simulate/media/{name}.mp4")
    return clip


def test_nothing_leads_back_to_the_repository(alone: Installed) -> None:
    program = "import surveil, surveil.models.files as f; print(surveil.__file__, f.SHIPPED)"
    for path in alone.run("python", "-c", program).stdout.split():
        assert path.startswith(str(alone.prefix))


def test_a_first_fleet_is_written_checked_and_has_its_database(alone: Installed) -> None:
    assert "check" in alone.run("surveil", "--help").stdout
    alone.run("surveil", "init", "first", "--camera", f"door=file:{media(alone, 'entrance')}")
    assert "1 camera" in alone.run("surveil", "check", "first/fleet.yaml").stdout
    alone.run("surveil", "db", "upgrade", "--fleet", "first/fleet.yaml")
    assert "7" in alone.run("surveil", "sql", "--fleet", "first/fleet.yaml", "select 3 + 4").stdout


def test_a_clip_is_analysed_with_the_shipped_model(alone: Installed) -> None:
    alone.run("surveil", "analyze", media(alone, "entrance"), "--out", "timeline.csv")
    lines = (alone.home / "timeline.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10


def test_all_models_are_compared_also_those_whose_weights_are_not_shipped(alone: Installed) -> None:
    table = alone.run("surveil", "compare", "--json", "-").stdout
    names = {row["model"].partition("@")[0] for row in json.loads(table)["rows"]}
    assert names > SHIPPED | {"four", "keras-cnn"}
    alone.run("surveil", "compare", "--out", "compare.html")
    weights = {path.parent.name for path in alone.prefix.rglob("weights.safetensors")}
    assert weights == SHIPPED | {"mtcnn"}


def test_training_finds_the_shipped_settings_by_name(alone: Installed) -> None:
    unknown = alone.run("surveil", "train", "finetune", expected=2).stderr
    assert "fine-tune" in unknown
    assert "keras-cnn" in unknown
    for name in ("four", "configs/train/four.yaml"):
        missing = alone.run("surveil", "train", name, "--data", "nowhere", expected=2).stderr
        assert "fer2013" in missing


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_with_its_own_libraries_alone_it_shows_the_demo(wheel: Path, tmp_path: Path) -> None:
    """Without an extra: what the wheel asks for is all that running and analysing need."""
    whole = install_whole(wheel, tmp_path)
    whole.run("surveil", "--version")
    whole.run("surveil", "demo", "--seconds", "25", timeout_s=400)
    whole.run("surveil", "timeline", "--fleet", "var/demo/fleet.yaml")
    whole.run("surveil", "compare")
    absent = whole.run("surveil", "train", "four", "--data", "nowhere", expected=2).stderr
    assert "surveil[train]" in absent
