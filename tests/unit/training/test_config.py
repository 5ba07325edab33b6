"""Configurations: frozen, and wrong ones say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.errors import ConfigError
from surveil.training.config import TrainConfig, load_config

CONFIGS = sorted((Path(__file__).parents[3] / "configs" / "train").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configuration_is_valid(path: Path) -> None:
    assert load_config(path).epochs > 0


def test_all_problems_are_listed_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: x\nepoch: 3\noptimiser: {rate: -1}\nphases: []\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    for key in ("epoch", "optimiser.rate", "phases"):
        assert f"{path}: {key}: " in message


@pytest.mark.parametrize("text", ["a: [", "\x00", "- just\n- a list\n"])
def test_file_that_is_no_configuration(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"run\.yaml"):
        load_config(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")


def test_phases_must_cover_the_run() -> None:
    with pytest.raises(ValueError, match="must rise"):
        TrainConfig.model_validate({"name": "x", "phases": [{"until": 0.5, "px": 36}]})


def test_size_follows_the_phases() -> None:
    config = TrainConfig.model_validate(
        {"name": "x", "epochs": 10, "phases": [{"until": 0.6, "px": 36}, {"until": 1, "px": 44}]}
    )
    assert [config.px_at(epoch) for epoch in range(10)] == [36] * 6 + [44] * 4
