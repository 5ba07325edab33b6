"""Which faces a run sees."""

from __future__ import annotations

import logging
from collections import Counter

import numpy as np
import pytest
from kit.models import TRAIN, VALIDATION, make_faces, tiny_config

from surveil.training.data.selection import check_test_split, training_faces, validation_faces
from surveil.training.errors import DataError
from surveil.training.faces import join

FACES = join([TRAIN, VALIDATION, make_faces(28, "train", source="site")])


def test_splits_are_kept_apart() -> None:
    assert len(training_faces(tiny_config(), FACES)) == 84
    assert len(validation_faces(tiny_config(), FACES)) == 14


def test_faces_of_other_classes_are_left_out_of_both() -> None:
    config = tiny_config(taxonomy="two")
    assert Counter(training_faces(config, FACES).labels.tolist()) == {3: 12, 4: 12}
    assert Counter(validation_faces(config, FACES).labels.tolist()) == {3: 2, 4: 2}


def test_limit_is_of_each_class_and_source_and_drawn_by_seed() -> None:
    config = tiny_config(data={"limit_per_class": 3})
    first, again = (training_faces(config, FACES) for _ in range(2))
    assert Counter(first.labels.tolist()) == dict.fromkeys(range(7), 6)
    assert Counter(first.sources.tolist()) == {"fer2013": 21, "site": 21}
    assert first.names.tolist() == again.names.tolist()
    other = training_faces(tiny_config(seed=2, data={"limit_per_class": 3}), FACES)
    assert other.names.tolist() != first.names.tolist()


@pytest.mark.parametrize("part", [{"repeat": {"fer2031": 5}}, {"percent_of": {"fer2031": 10}}])
def test_a_source_that_is_not_there_is_named(part: dict[str, dict[str, int]]) -> None:
    with pytest.raises(DataError, match=r"no source 'fer2031'; those there are: fer2013, site"):
        training_faces(tiny_config(data=part), FACES)


def test_share_of_a_source_and_its_repetition() -> None:
    config = tiny_config(data={"percent_of": {"fer2013": 25}, "repeat": {"site": 3}})
    chosen = training_faces(config, FACES)
    assert Counter(chosen.sources.tolist()) == {"fer2013": 14, "site": 84}
    nothing = tiny_config(data={"percent_of": {"fer2013": 0}})
    assert set(training_faces(nothing, FACES).sources.tolist()) == {"site"}


def test_empty_split_is_an_error_that_names_it() -> None:
    config = tiny_config(taxonomy="four")
    with pytest.raises(DataError, match="the validation split holds no face of taxonomy 'four'"):
        validation_faces(config, TRAIN)
    with pytest.raises(DataError, match="the test split holds no face of taxonomy 'four'"):
        check_test_split(config, FACES)
    angry = TRAIN.where(np.flatnonzero(TRAIN.labels == 0))
    with pytest.raises(DataError, match="the train split holds no face"):
        training_faces(config, angry)


def test_too_few_faces_for_a_batch_are_an_error() -> None:
    with pytest.raises(DataError, match="14 training faces do not fill one batch of 32"):
        training_faces(tiny_config(batch=32), TRAIN.where(np.arange(14)))


def test_class_without_a_face_is_a_remark(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        training_faces(tiny_config(), TRAIN.where(np.flatnonzero(TRAIN.labels != 1)))
    assert "no training face is labelled disgust" in caplog.text
