"""What fine-tuning gained and forgot."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit.models import make_faces, tiny_config, write_small_model

from surveil.classify.networks import read_model
from surveil.domain import Emotion
from surveil.training.data.dataset import Dataset
from surveil.training.faces import Faces, join
from surveil.training.fit.loop import Trainer
from surveil.training.ship.fine_tune import (
    REPORT,
    FineTune,
    compare_answers,
    measure_fine_tune,
    report_fine_tune,
)


def dataset(*parts: Faces) -> Dataset:
    return Dataset(join(parts), "data", {})


def test_pairs_are_counted() -> None:
    before = np.array([True, True, False, False, False])
    after = np.array([True, False, True, True, False])
    change = compare_answers("site", before, after)
    assert (change.faces, change.gained, change.forgotten) == (5, 2, 1)
    assert (change.before, change.after) == (0.4, 0.6)
    assert change.p_value == 1
    assert change.sentence == (
        "site: 40.0% before, 60.0% after (+20.0 points; 2 of 5 faces gained, 1 forgotten; "
        "p = 1, within chance)"
    )


def test_new_people_and_fer2013_are_told_apart(tmp_path: Path) -> None:
    happy, sad = (
        read_model(write_small_model(tmp_path / e.value, always=e))
        for e in (Emotion.HAPPY, Emotion.SAD)
    )
    site = make_faces(70, "test", source="site")
    site = site.where(np.flatnonzero(site.labels == 4))
    old = replace(make_faces(70, "test"), repeated=np.arange(70) < 7)
    report = measure_fine_tune(
        happy,
        sad.network,
        sad.facts.taxonomy,
        sad.facts.preprocessing,
        dataset(old, site, make_faces(7, "train")),
    )
    changes = {change.test: change for change in report.changes}
    assert list(changes) == ["fer2013", "fer2013 without duplicates", "site"]
    assert (changes["site"].gained, changes["site"].forgotten) == (10, 0)
    assert (changes["fer2013"].gained, changes["fer2013"].forgotten) == (10, 10)
    alone = changes["fer2013 without duplicates"]
    assert (alone.faces, alone.gained, alone.forgotten) == (63, 9, 9)
    assert changes["site"].p_value < 0.01
    assert report.sentences[0] == f"Fine-tuned from {happy.facts.versioned_name}."


def test_it_is_said_that_forgetting_is_unknown_without_the_old_faces() -> None:
    change = compare_answers("site", np.array([True]), np.array([True]))
    assert "give data.fer2013" in FineTune("a@1", (change,)).sentences[-1]


def test_report_is_written_for_the_model_that_the_run_began_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start = read_model(write_small_model(tmp_path / "start"))
    faces = dataset(make_faces(28, "train"), make_faces(7, "test"))
    config = tiny_config(epochs=1)
    run = tmp_path / "run"
    Trainer(config, faces.faces, make_faces(7, "validation"), run, "data", start=start).run()
    report = report_fine_tune(start, run, faces, "last")
    assert report is not None
    written = json.loads((run / REPORT).read_text())
    assert written["started_from"] == start.facts.versioned_name
    assert written["tests"][0]["test"] == "fer2013"
    other = read_model(write_small_model(tmp_path / "other", always=Emotion.SAD))
    with caplog.at_level(logging.WARNING):
        assert report_fine_tune(other, run, faces, "last") is None
    assert "the run began with start@" in caplog.text
