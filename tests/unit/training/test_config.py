"""Configurations: frozen, and wrong ones say where."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.figures import write_model

from surveil.errors import ConfigError
from surveil.training.config import HeldOut, TrainConfig, find_config, load_config

CONFIGS = sorted((Path(__file__).parents[3] / "configs" / "train").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configuration_is_valid(path: Path) -> None:
    assert load_config(path).epochs > 0


@pytest.mark.parametrize("name", ["fine-tune", "configs/train/fine-tune.yaml"])
def test_a_shipped_configuration_is_found_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(Path(name)).name == "emotion-site"
    own = tmp_path / name
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("name: own\n")
    assert load_config(Path(name)).name == "own"


def test_a_name_of_no_shipped_configuration_is_told_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"finetune is no file .*: .*conv5.*fine-tune"):
        load_config(Path("finetune"))
    assert find_config(Path("mine.yaml")) == Path("mine.yaml")
    assert find_config(Path("elsewhere/four")) == Path("elsewhere/four")


def test_all_problems_are_listed_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: x\nepoch: 3\noptimiser: {rate: -1}\nphases: []\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert message.splitlines() == [
        f"{path}:2:1: unknown key 'epoch'; did you mean 'epochs'?",
        f"{path}:3:19: optimiser.rate: must be greater than 0",
        f"{path}:4:9: phases: must not be empty",
    ]


def test_a_key_that_is_there_twice_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: x\nepochs: 3\ndata: {repeat: {a: 2}}\nepochs: 30\n")
    with pytest.raises(
        ConfigError, match=r"run\.yaml:4:1: 'epochs' is here twice; first in line 2"
    ):
        load_config(path)


def test_a_key_of_a_part_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: x\narchitecture: {kind: resnet-small, widht: 8}\n")
    with pytest.raises(ConfigError, match=r"run\.yaml:2:36: architecture.*did you mean 'width'"):
        load_config(path)


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


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"precision": "float16", "device": "cpu"}, "float16 is for device cuda"),
        ({"imagenet": True}, "architecture resnet18 only"),
        (
            {"imagenet": True, "start_from": "x", "architecture": {"kind": "resnet18"}},
            "together with start_from",
        ),
        ({"epochs": 9, "full_epochs": 8}, "must not be less than epochs"),
        ({"taxonomy": "for"}, "did you mean 'four'"),
        ({"architecture": {"kind": "conv5"}}, "to be 48"),
        ({"distil": {"teachers": []}}, "at least 1 item"),
        ({"data": {"limit_per_class": 0}}, "greater than or equal to 1"),
        ({"input": {"frame_px": 40, "crop_px": 44}}, "must not be larger than frame_px"),
    ],
)
def test_parts_must_fit_each_other(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TrainConfig.model_validate({"name": "x"} | wrong)


def test_configuration_of_a_model_of_before_later_keys_is_read() -> None:
    model = Path(__file__).parents[3] / "models" / "emotion-resnet18" / "model.json"
    stored = json.loads(model.read_text())["training"]["config"]
    config = TrainConfig.model_validate(stored)
    assert config.optimiser.kind == "sgd"
    assert config.mixup.share == 0
    assert config.augmentation.jpeg_share == 0


PEERS = {
    "deep-emotion": ("deep-emotion", "seven", 48),
    "keras-cnn": ("keras-cnn", "seven", 48),
    "conv5": ("conv5", "seven", 48),
    "binary": ("colour-cnn", "two", 100),
    "three": ("colour-cnn", "three", 100),
    "four": ("colour-cnn", "four", 100),
    "binary-resnet": ("resnet-small", "two", 44),
    "three-resnet": ("resnet-small", "three", 44),
    "four-resnet": ("resnet-small", "four", 44),
}


@pytest.mark.parametrize("name", PEERS)
def test_peer_is_as_its_makers_have_it(name: str) -> None:
    path = CONFIGS[0].parent / f"{name}.yaml"
    config = load_config(path)
    kind, taxonomy, px = PEERS[name]
    assert (config.name, config.architecture.kind, config.taxonomy) == (name, kind, taxonomy)
    assert config.input.crop_px == config.phases[-1].px == px
    if config.full_epochs is not None:
        # A reduced budget says in words of how many epochs the full one is.
        assert config.full_epochs > config.epochs
        stated = re.findall(r"(\d+)\s+epochs\b", path.read_text().replace("\n# ", " "))
        assert str(config.full_epochs) in stated
    elif config.start_from is None:
        assert config.patience is not None
    else:
        assert config.start_from == "emotion-resnet18"
        assert config.data.custom is not None


def test_no_more_than_all_people_are_held_out() -> None:
    with pytest.raises(ValueError, match="more than 100 together"):
        HeldOut(test_percent=90, validation_percent=20)


def test_a_models_folder_says_with_what_it_is_trained_again(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "alpha")
    facts = json.loads((folder / "model.json").read_text())
    facts["training"].pop("config", None)
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ConfigError, match=r"model\.json does not say with which configuration"):
        load_config(folder)
    config = load_config(CONFIGS[0])
    facts["training"]["config"] = config.model_dump(mode="json")
    (folder / "model.json").write_text(json.dumps(facts))
    assert load_config(folder) == config
    facts["training"]["config"]["epochs"] = 0
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ConfigError, match=r"training\.config: epochs: .* greater than or equal"):
        load_config(folder)
