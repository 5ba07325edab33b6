"""What a run may go on with, and what it may not."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from kit.models import TRAIN, VALIDATION, tiny_config, write_small_model

from surveil.classify.networks import read_model
from surveil.domain import Emotion
from surveil.training.errors import CheckpointError
from surveil.training.fit.checkpoint import read_checkpoint, write_checkpoint
from surveil.training.fit.loop import LAST, Trainer


def trainer(folder: Path, **changes: object) -> Trainer:
    return Trainer(tiny_config(**changes), TRAIN, VALIDATION, folder, "data")


def test_another_optimiser_is_refused_in_words(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).run()
    other = trainer(tmp_path, optimiser={"kind": "adam", "rate": 0.05, "warmup_epochs": 1})
    with pytest.raises(
        CheckpointError, match=r"optimiser\.kind differs \(sgd; now adam\).*another seed"
    ):
        other.resume()


def test_other_changes_are_logged_each(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer(tmp_path, epochs=1).run()
    run = Trainer(
        tiny_config(epochs=2, batch=28, loss={"votes_weight": 0.2}),
        TRAIN, VALIDATION, tmp_path, "data", shards=2,
    )  # fmt: skip
    with caplog.at_level(logging.WARNING):
        assert run.resume()
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert said[:2] == [
        "epochs was 1, the run goes on with 2",
        "batch was 14, the run goes on with 28",
    ]
    assert any(line.startswith("loss.votes_weight was ") for line in said)
    assert said[-1].startswith("batches were divided into 1 parts, now into 2")
    assert len(said) == 4


def test_an_unchanged_run_goes_on_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trainer(tmp_path).run()
    with caplog.at_level(logging.WARNING):
        assert trainer(tmp_path).resume()
    assert not caplog.records


def test_another_teacher_of_the_same_name_is_refused(tmp_path: Path) -> None:
    def taught(always: Emotion) -> Trainer:
        model = read_model(write_small_model(tmp_path / "teacher", always=always))
        config = tiny_config(distil={"teachers": ["teacher"]}, epochs=1)
        return Trainer(config, TRAIN, VALIDATION, tmp_path / "run", "data", teachers=[model])

    taught(Emotion.FEAR).run()
    assert taught(Emotion.FEAR).resume()
    with pytest.raises(CheckpointError, match="its teachers differs"):
        taught(Emotion.SAD).resume()
    tensors, facts = read_checkpoint(tmp_path / "run" / LAST)
    # As checkpoints were written before teachers were noted.
    for key in ("teachers", "imagenet", "shards"):
        del facts[key]
    write_checkpoint(tmp_path / "run" / LAST, tensors, facts)
    assert taught(Emotion.SAD).resume()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("config", None), ("config", {"name": "tiny", "epochs": "many"}), ("best", []),
        ("history", [{}]), ("epoch", None), ("preprocessing", {"side": 3}), ("average_steps", None),
    ],
)  # fmt: skip
def test_a_missing_or_wrong_fact_is_named(tmp_path: Path, key: str, value: object) -> None:
    trainer(tmp_path, epochs=1).run()
    tensors, facts = read_checkpoint(tmp_path / LAST)
    if value is None:
        del facts[key]
    else:
        facts[key] = value
    write_checkpoint(tmp_path / LAST, tensors, facts)
    with pytest.raises(CheckpointError, match=r"last\.safetensors: a fact of the checkpoint is"):
        trainer(tmp_path).resume()


def test_whether_it_began_with_imagenet_is_kept(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).run()
    tensors, facts = read_checkpoint(tmp_path / LAST)
    assert facts["imagenet"] is False
    write_checkpoint(tmp_path / LAST, tensors, facts | {"imagenet": True})
    run = trainer(tmp_path, epochs=2)
    assert run.resume()
    run.run()
    assert read_checkpoint(tmp_path / LAST)[1]["imagenet"] is True
