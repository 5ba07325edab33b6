"""Teachers see what the learner sees, in their own way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from kit.models import TRAIN, write_small_model

from surveil.classify import normalise
from surveil.classify.networks import StoredModel, read_model
from surveil.domain import Emotion
from surveil.errors import ConfigError
from surveil.models import Preprocessing
from surveil.models.taxonomy import find_taxonomy
from surveil.training.fit.distillation import Teachers

CPU = torch.device("cpu")
SEEN = Preprocessing(48, 44, 0.3, 0.2)


@pytest.fixture
def teacher(tmp_path: Path) -> StoredModel:
    return read_model(write_small_model(tmp_path / "teacher"))


def test_one_teacher_says_its_softmax(teacher: StoredModel) -> None:
    frames = TRAIN.frames[:5]
    views = torch.from_numpy(normalise(frames, SEEN))
    shares = Teachers([teacher], find_taxonomy("seven"), 2.0, CPU).shares(views, SEEN)
    own = torch.from_numpy(normalise(frames, teacher.facts.preprocessing))
    with torch.no_grad():
        wanted = (teacher.network(own) / 2).softmax(1)
    torch.testing.assert_close(shares, wanted, atol=1e-5, rtol=1e-4)


def test_several_are_averaged_over_the_learners_classes(tmp_path: Path) -> None:
    models = [
        read_model(write_small_model(tmp_path / emotion.value, always=emotion))
        for emotion in (Emotion.HAPPY, Emotion.SAD)
    ]
    views = torch.zeros(2, 1, 44, 44)
    shares = Teachers(models, find_taxonomy("two"), 1.0, CPU).shares(views, SEEN)
    assert shares.shape == (2, 2)
    np.testing.assert_allclose(shares.numpy(), 0.5, atol=1e-6)


def test_views_of_other_sizes_and_in_colour_are_fitted(teacher: StoredModel) -> None:
    views = torch.randn(3, 3, 100, 100, generator=torch.Generator().manual_seed(1))
    shares = Teachers([teacher], find_taxonomy("four"), 2.0, CPU).shares(views, SEEN)
    torch.testing.assert_close(shares.sum(1), torch.ones(3))


def test_teacher_must_know_the_classes(tmp_path: Path) -> None:
    model = read_model(write_small_model(tmp_path / "two", classes=(Emotion.HAPPY, Emotion.SAD)))
    with pytest.raises(ConfigError, match="two does not know surprise, neutral"):
        Teachers([model], find_taxonomy("four"), 2.0, CPU)
