"""The loop: it learns, it resumes exactly, it stops at the first NaN."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
from pathlib import Path

import kit
import pytest
import torch
from kit.models import TRAIN, VALIDATION, make_faces, tiny_config, write_small_model

from surveil.classify.networks import build_network, read_model
from surveil.domain import EMOTIONS, Emotion
from surveil.errors import ConfigError
from surveil.models.taxonomy import find_taxonomy
from surveil.training.data.selection import training_faces, validation_faces
from surveil.training.errors import CheckpointError, DivergedError
from surveil.training.faces import Split
from surveil.training.fit.checkpoint import part_of, read_checkpoint, write_checkpoint
from surveil.training.fit.loop import BEST, HISTORY, LAST, Progress, Trainer
from surveil.training.logits import logits_of


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def trainer(folder: Path, **changes: object) -> Trainer:
    return Trainer(tiny_config(**changes), TRAIN, VALIDATION, folder, "data")


def test_it_learns_and_keeps_last_best_and_history(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=8)
    steps: list[Progress] = []
    run.run(on_step=steps.append)
    assert run.history[-1].loss < 0.8 * run.history[0].loss
    assert sorted(p.name for p in tmp_path.iterdir()) == [BEST, HISTORY, LAST]
    assert len((tmp_path / HISTORY).read_text().splitlines()) == 8
    best = max((line.validation_accuracy, -line.validation_log_loss) for line in run.history)
    assert tuple(read_checkpoint(tmp_path / BEST)[1]["best"]) == best
    assert (steps[-1].epoch, steps[-1].step, steps[-1].left_s) == (8, 4, 0)
    assert all(step.left_s >= 0 for step in steps)


class StopError(Exception):
    """Raised in the middle of an epoch."""


def stop(at: Progress) -> None:
    if (at.epoch, at.step) == (2, 3):
        raise StopError


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimiser": {"kind": "adam", "rate": 0.002}},
        {"optimiser": {"kind": "adamw", "rate": 0.002, "clip_norm": 1.0}},
        {"mixup": {"share": 0.7, "off_last_epochs": 1}},
        {
            "architecture": {
                "kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1], "dropout": 0.3,
            }
        },
        {"precision": "bfloat16", "loss": {"rare_classes": "weighted"}},
    ],
    ids=["sgd", "adam", "adamw", "mixup", "dropout", "bfloat16"],
)  # fmt: skip
def test_resumed_run_ends_where_an_uninterrupted_one_does(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    whole = trainer(tmp_path / "whole", **changes)
    whole.run()
    first = trainer(tmp_path / "parts", **changes)
    with pytest.raises(StopError):
        first.run(on_step=stop)
    second = trainer(tmp_path / "parts", **changes)
    assert second.resume()
    assert second.epoch == 1
    second.run()
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(second.model.state_dict()[name], value, msg=name)
    for name, value in whole.average.state.items():
        torch.testing.assert_close(second.average.state[name], value, msg=name)
    assert [dataclasses.replace(line, seconds=0) for line in second.history] == [
        dataclasses.replace(line, seconds=0) for line in whole.history
    ]


@pytest.mark.timeout(300)  # PyTorch in a process of its own
def test_kill_in_the_middle_of_an_epoch_leaves_a_checkpoint_to_resume(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import pathlib, sys
        sys.path.insert(0, {str(Path(kit.__file__).parents[1])!r})
        import torch
        from kit.models import TRAIN, VALIDATION, tiny_config
        from surveil.training.fit.loop import Trainer
        torch.set_num_threads(1)
        def told(at):
            print(at.epoch, at.step, flush=True)
        run = Trainer(tiny_config(epochs=500), TRAIN, VALIDATION,
                      pathlib.Path({str(tmp_path)!r}), "data")
        run.run(on_step=told)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.split() == ["2", "2"]:
                break
    finally:
        process.kill()
        process.communicate()
    resumed = trainer(tmp_path)
    assert resumed.resume()
    assert resumed.epoch >= 1


def test_nan_stops_the_run_at_once_and_spares_the_checkpoint(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=1)
    run.run()
    again = trainer(tmp_path, epochs=3)
    again.resume()
    with torch.no_grad():
        next(again.model.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match="epoch 2, step 1"):
        again.run()
    assert read_checkpoint(tmp_path / LAST)[1]["epoch"] == 1


def test_last_update_of_an_epoch_cannot_spoil_the_checkpoint(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    updates = 0

    def spoil(optimiser: torch.optim.Optimizer, *_: object) -> None:
        nonlocal updates
        updates += 1
        if updates == 2 * run.steps:
            optimiser.param_groups[0]["params"][0].grad.fill_(float("inf"))

    run._optimiser.register_step_pre_hook(spoil)
    with pytest.raises(DivergedError, match=r"weights are not finite after .* epoch 2, step 4"):
        run.run()
    assert updates == 2 * run.steps
    again = trainer(tmp_path)
    assert again.resume()
    assert again.epoch == 1
    again.run()
    assert len(again.history) == 3


def test_nothing_to_resume(tmp_path: Path) -> None:
    assert not trainer(tmp_path).resume()


def test_checkpoint_of_another_network_or_data_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).run()
    other = trainer(
        tmp_path, architecture={"kind": "resnet-small", "width": 16, "blocks": [1, 1, 1, 1]}
    )
    with pytest.raises(CheckpointError, match="architecture differs"):
        other.resume()
    with pytest.raises(CheckpointError, match="data_sha256 differs"):
        Trainer(tiny_config(), TRAIN, VALIDATION, tmp_path, "other data").resume()


def test_average_follows_buffers_too(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=1)
    run.run()
    name = "network.bn1.running_mean"
    averaged, raw = run.average.state[name], run.model.state_dict()[name]
    assert not torch.equal(averaged, raw)
    assert float(averaged.abs().sum()) > 0


def test_checkpoint_of_before_the_choice_of_optimisers_is_resumed(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=1)
    run.run()
    tensors, facts = read_checkpoint(tmp_path / LAST)
    older = {
        name.replace("optimiser.momentum_buffer.", "momentum."): value
        for name, value in tensors.items()
    }
    del facts["scaler"], facts["started_from"], facts["config"]["mixup"]
    write_checkpoint(tmp_path / LAST, older, facts)
    resumed = trainer(tmp_path)
    assert resumed.resume()
    buffers = [state["momentum_buffer"] for state in resumed._optimiser.state.values()]
    assert len(buffers) == len(list(resumed.model.parameters()))


@pytest.mark.parametrize("channels", [1, 3])
def test_fewer_classes_in_colour_are_learned_from_faces_of_any_size(
    tmp_path: Path, channels: int
) -> None:
    config = tiny_config(
        taxonomy="three",
        architecture={"kind": "colour-cnn", "dropout": 0.1},
        input={"frame_px": 54, "crop_px": 50},
        phases=[{"until": 1.0, "px": 32}],
        optimiser={"kind": "adam", "rate": 0.005, "warmup_epochs": 0},
        epochs=4,
        batch=8,
        loss={"votes_weight": 0.2},
    )
    parts = [
        chosen(config, make_faces(84, split.value, channels=channels))
        for chosen, split in ((training_faces, Split.TRAIN), (validation_faces, Split.VALIDATION))
    ]
    assert set(parts[0].labels.tolist()) == {3, 4, 6}
    run = Trainer(config, parts[0], parts[1], tmp_path, "data")
    run.run()
    assert run.model.network.fc.out_features == 3
    assert run.model.votes.out_features == 7
    assert run.history[-1].validation_accuracy > 0.5
    assert run.preprocessing.channels == 3


def test_shards_and_their_threads_change_nothing_of_validation(tmp_path: Path) -> None:
    run = Trainer(tiny_config(batch=56), TRAIN, VALIDATION, tmp_path, "data", shards=2)
    network = build_network(run.config.architecture, 7)
    network.load_state_dict(part_of(run.average.state, "network"))
    logits = logits_of(network, VALIDATION.frames, run.preprocessing)
    wanted = torch.nn.functional.cross_entropy(logits, torch.from_numpy(VALIDATION.labels))
    assert run._validate()[1] == pytest.approx(float(wanted), rel=1e-4)


def test_model_to_start_from_must_fit(tmp_path: Path) -> None:
    start = read_model(write_small_model(tmp_path / "start"))
    run = Trainer(tiny_config(), TRAIN, VALIDATION, tmp_path, "data", start=start)
    assert torch.equal(run.model.network.fc.weight, start.network.fc.weight)
    assert (run.preprocessing.mean, run.preprocessing.std) == (0.5, 0.25)
    wider = tiny_config(architecture={"kind": "resnet-small", "width": 16})
    with pytest.raises(ConfigError, match="another architecture"):
        Trainer(wider, TRAIN, VALIDATION, tmp_path, "data", start=start)


def test_model_to_start_from_may_know_more_classes(tmp_path: Path) -> None:
    start = read_model(write_small_model(tmp_path / "start"))
    fewer = tiny_config(taxonomy="six")
    known = training_faces(fewer, TRAIN)
    run = Trainer(fewer, known, VALIDATION, tmp_path, "data", start=start)
    rows = [EMOTIONS.index(emotion) for emotion in fewer.classes.classes]
    assert torch.equal(run.model.network.fc.weight, start.network.fc.weight[rows])
    assert torch.equal(run.model.network.fc.bias, start.network.fc.bias[rows])


def test_model_to_start_from_must_know_every_class(tmp_path: Path) -> None:
    knows_six = write_small_model(tmp_path / "start", classes=find_taxonomy("six").classes)
    with pytest.raises(ConfigError, match="tells other expressions apart"):
        Trainer(tiny_config(), TRAIN, VALIDATION, tmp_path, "d", start=read_model(knows_six))


def test_weights_beyond_half_precision_end_the_run_in_their_epoch(tmp_path: Path) -> None:
    run = Trainer(tiny_config(ema=0.0, epochs=1), TRAIN, VALIDATION, tmp_path, "data")
    with torch.no_grad():
        run.model.network.fc.bias.fill_(1e5)  # equal ones change no score
    with pytest.raises(
        DivergedError, match=r"fc\.bias has grown to 1e\+05, .*half precision.*lower"
    ):
        run.run()
    assert not (tmp_path / LAST).exists()


def test_learner_comes_near_its_teacher(tmp_path: Path) -> None:
    teacher = read_model(write_small_model(tmp_path / "teacher", always=Emotion.FEAR))
    config = tiny_config(distil={"teachers": ["teacher"], "weight": 1.0}, epochs=6)
    run = Trainer(config, TRAIN, VALIDATION, tmp_path / "run", "data", teachers=[teacher])
    run.run()
    said = logits_of(run.model.network, VALIDATION.frames, run.preprocessing).argmax(1)
    assert (said == EMOTIONS.index(Emotion.FEAR)).double().mean() > 0.9


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_gpu_trains_and_resumes(tmp_path: Path, precision: str) -> None:
    changes = {"device": "cuda", "precision": precision, "mixup": {"share": 0.5}}
    run = trainer(tmp_path, **changes, epochs=4)
    run.run()
    assert run.history[-1].loss < run.history[0].loss
    longer = trainer(tmp_path, **changes, epochs=6)
    assert longer.resume()
    longer.run()
    assert len(longer.history) == 6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_gpu_stops_at_nan_within_some_steps(tmp_path: Path) -> None:
    run = trainer(tmp_path, device="cuda")
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError):
        run.run()
