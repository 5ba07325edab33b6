"""All that is measured of a model, and the page that tells it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kit.figures import FOUR, SEVEN, faces_for, model_in

from surveil.classify.networks import StoredModel
from surveil.errors import ConfigError
from surveil.training.config import TrainConfig
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split
from surveil.training.measure import switch_study
from surveil.training.measure.robustness import CONDITIONS
from surveil.training.measure.runner import Runner
from surveil.training.measure.speed import per_face_ms, time_faces
from surveil.training.measure.strata import Strata
from surveil.training.measure.study import Extent, Study, study
from surveil.training.records.experiments import note_experiment
from surveil.training.records.figures import SetFigures, Speed
from surveil.training.records.model_record import read_record
from surveil.training.report.findings import findings
from surveil.training.report.page import Report, report_page
from surveil.training.ship.record import record_study


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    torch.set_num_threads(1)
    return model_in(tmp_path_factory.mktemp("models") / "alpha")


@pytest.fixture(scope="module")
def whole(model: StoredModel, tmp_path_factory: pytest.TempPathFactory) -> Study:
    other = model_in(tmp_path_factory.mktemp("others") / "beta", seed=2, classes=FOUR)
    extent = Extent(
        by=lambda faces: {"hand": np.array(["left", "right"] * 14)}, against=other
    )  # fmt: skip
    return study(model, faces_for(), Split.TEST, extent, runner=Runner(model))


SPEED = [Speed(engine="torch", threads=1, batch=1, p50_ms=2.0, p95_ms=3.0)]


def page_of(found: Study, **changes: Any) -> str:
    given: dict[str, Any] = {
        "model": "alpha@abc", "network": "A network", "parameters": 12345, "classes": SEVEN,
        "split": "test split", "warnings": (), "sources": ("fer2013",), "learned": 0,
        "study": found, "speed": SPEED,
        "memory_bytes": 5_000_000, "hardware": "1 CPU thread", "code_version": "0",
    } | changes  # fmt: skip
    return report_page(Report(**given))


def test_every_set_has_every_figure(whole: Study) -> None:
    own = "<own> & \"more\""  # fmt: skip
    assert list(whole.sets) == ["fer2013", "fer2013 without duplicates", own]
    for found in whole.sets.values():
        written = found.as_json()
        SetFigures.model_validate(written)
        assert [row["condition"] for row in written["robustness"]] == [c.name for c in CONDITIONS]
        sizes = {"size"} if found is whole.sets[own] else set()
        assert {r["by"] for r in written["strata"]} == {"brightness", "group", "hand"} | sizes
        thirds = [r["faces"] for r in written["strata"] if r["by"] in ("brightness", "size")]
        assert thirds == [5, 4, 5] * (1 + len(sizes))
        assert sum(r["faces"] for r in written["strata"] if r["by"] == "group") == 14
        assert written["ten_crop"]["faces"] == written["faces"] == 14
        assert written["against"]["classes"] == list(FOUR)
        assert written["against"]["test"]["faces"] == 8
        assert written["audit"]["largest_difference"] < 1e-5
        assert written["risk_coverage"]["thresholds"][0]["precision"] == 0.85
    assert [row.how for row in whole.calibrations][:2] == ["none", "as the model has it"]
    assert whole.validation_faces == 14


def test_faces_that_switch_are_told_with_and_without_smoothing(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch_study, "FEWEST_IMAGES", 2)
    found = study(model, faces_for(), Split.TEST, Extent(), runner=Runner(model)).sets["fer2013"]
    written = found.as_json()["over_time"]
    assert written["expressions"] == list(SEVEN)
    assert written["plain"]["tau_s"] == 0 < written["smoothed"]["tau_s"]
    assert 0 < written["plain"]["seconds_right"] < 0.4  # nothing was learned
    page = page_of(Study({"fer2013": found}))
    assert "A face that changes its expression" in page
    assert f"{written['plain']['seconds_right']:.1%}" in page


def test_a_second_study_gives_the_same_figures(model: StoredModel, whole: Study) -> None:
    again = study(
        model, faces_for(), Split.TEST, Extent(), runner=Runner(model)
    ).sets["fer2013"].as_json()  # fmt: skip
    before = whole.sets["fer2013"].as_json()
    assert {k: v for k, v in before.items() if k not in ("against", "strata")} == {
        k: v for k, v in again.items() if k != "strata"
    }


def test_a_quick_study_needs_no_engine_and_measures_less(model: StoredModel) -> None:
    found = study(model, faces_for(), Split.TEST, Extent(full=False))
    written = found.sets["fer2013"].as_json()
    assert not {"robustness", "strata", "ten_crop", "audit", "over_time"} & set(written)
    assert found.calibrations == ()


def test_faces_of_unknown_classes_are_left_out(tmp_path: Path) -> None:
    dedicated = model_in(tmp_path / "four", classes=FOUR)
    found = study(dedicated, faces_for(), Split.TEST, Extent(full=False))
    assert found.left_out == 12
    assert found.sets["fer2013"].figures.faces == 8
    assert found.sets["fer2013"].figures.classes == FOUR


def test_models_without_two_classes_in_common_are_not_compared(tmp_path: Path) -> None:
    first = model_in(tmp_path / "one", classes=("angry", "fear"))
    second = model_in(tmp_path / "two", classes=("happy", "sad"))
    with pytest.raises(ConfigError, match="share no two classes"):
        study(
            first, faces_for(), Split.TEST, Extent(full=False, against=second)
        )  # fmt: skip


class _Page(HTMLParser):
    """Collects what a page would fetch or run, and what is left open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "link", "object") or "onclick" in given:
            self.fetched.append(tag)
        for name in ("src", "href"):
            value = given.get(name) or ""
            if value.startswith("#"):
                self.targets.add(value[1:])
            elif value:
                self.fetched.append(value)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself leaves nothing open."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_escapes_all(whole: Study) -> None:
    text = page_of(whole, model="<script>alert(1)</script>")
    page = _Page()
    page.feed(text)
    assert (page.fetched, page.open) == ([], [])
    assert page.targets <= page.ids
    assert "<own>" not in text
    assert '<own> & "more"' in page.text
    assert "nan" not in re.findall(r"[a-z]+", page.text.lower())
    for words in (
        "What is taken for what", "Is its confidence honest?", "What if it may abstain?",
        "Spoilt faces", "Parts of the faces", "Time and memory", "Limits of these figures",
        "Ways to calibrate", "north", "scikit-learn", "face of 16 px",
        "Against beta@", "lowest third, up to ",
    ):  # fmt: skip
        assert words in page.text, words


def test_the_page_warns_of_faces_that_prove_nothing(whole: Study, model: StoredModel) -> None:
    assert "<li>Of no use &amp; worse.</li>" in page_of(whole, warnings=["Of no use & worse."])
    assert "12 faces were left out: models" in page_of(whole, learned=12)
    quick = study(model, faces_for(), Split.TEST, Extent(full=False))
    page = page_of(quick, speed=[], memory_bytes=None)
    assert "Spoilt faces" not in page
    assert "faces were not divided by groups of people" in page


def test_the_page_says_what_kind_of_faces_these_are(whole: Study) -> None:
    shipped, own = page_of(whole), page_of(whole, sources=("gate",), split="all faces")
    assert "are web pictures, not recordings of your cameras" in shipped
    assert "Measured on the test split with" in shipped
    assert "were also divided by group and hand, see above" in shipped
    assert "not recordings of your cameras" not in own
    assert "hold for faces like these" in own
    assert "Measured on all faces of gate with" in own


def test_findings_say_what_the_figures_are(whole: Study) -> None:
    said = " ".join(findings(whole))
    evaluation = whole.sets["fer2013"].figures
    assert f"names the labelled expression of {evaluation.accuracy:.1%}" in said
    assert "Against beta@" in said
    assert "costs most" in said


def test_the_engine_runs_on_as_many_threads_as_are_asked_for(model: StoredModel) -> None:
    for threads in (1, 2):
        network: Any = Runner(model, threads=threads)._network
        assert network._compiled.get_property("INFERENCE_NUM_THREADS") == threads


def test_groups_are_read_before_anything_that_takes_long(model: StoredModel) -> None:
    said: list[str] = []

    def wrong(faces: Faces) -> dict[str, Strata]:
        raise DataError("groups.csv: none of the faces is in it")

    with pytest.raises(DataError, match="none of the faces"):
        study(
            model, faces_for(), Split.TEST, Extent(by=wrong), runner=Runner(model),
            progress=said.append,
        )  # fmt: skip
    assert said == []


def test_all_faces_are_one_set_without_a_split(model: StoredModel) -> None:
    found = study(model, faces_for(), None, Extent(), runner=Runner(model))
    assert [s.figures.faces for s in found.sets.values()] == [28, 28]
    assert (found.validation_faces, found.calibrations) == (0, ())
    first = next(iter(found.sets.values())).figures.risk_coverage
    assert first is not None
    assert first.thresholds[0].on_validation is None


def test_a_part_without_shared_classes_is_compared_on_no_face(
    tmp_path: Path, model: StoredModel
) -> None:
    other = model_in(tmp_path / "beta", classes=FOUR)
    faces = faces_for()
    # No face of the second source has a label that both know.
    faces = faces.where((faces.sources == "fer2013") | (faces.labels < 3))
    found = study(model, faces, Split.TEST, Extent(full=False, against=other))
    first, *_, last = (one.against for one in found.sets.values())
    assert first is not None
    assert last is not None
    assert (first.test.faces, last.test.faces, last.test.p_value) == (8, 0, 1.0)
    assert "no face here has a label" in page_of(found)


def test_times_are_of_both_engines(model: StoredModel) -> None:
    found = time_faces(model, threads=1, batches=(2,), budget_s=0.0)
    assert all(row.cpu_ms is not None and row.cpu_ms > 0 for row in found)
    assert [(t.engine, t.device, t.threads, t.batch) for t in found] == [
        ("openvino", "cpu", 1, 2), ("torch", "cpu", 1, 2),
    ]  # fmt: skip


def test_times_are_told_for_one_face_of_a_batch() -> None:
    """Of 100 calls with 4 faces 94 take 8 ms and 6 take 80 ms: 2 and 20 ms a face."""
    assert per_face_ms([0.008] * 94 + [0.080] * 6, 4) == (pytest.approx(2), pytest.approx(20))


def test_a_study_is_recorded_beside_what_training_wrote(tmp_path: Path, whole: Study) -> None:
    config = TrainConfig(name="gamma", epochs=3).model_dump(mode="json")
    model = model_in(tmp_path / "gamma", epoch=3, config=config)
    old = {
        "model": model.facts.versioned_name, "temperature": 1.1, "protocol": "As it was.",
        "history": [{"epoch": 1}],
        "test": {"fer2013": {"faces": 1, "accuracy": 1, "interval": [0, 1], "classes": [
            {"emotion": e, "precision": 1, "recall": 1, "f1": 1, "support": 1} for e in SEVEN
        ]}},
    }  # fmt: skip
    (model.folder / "metrics.json").write_text(json.dumps(old))
    table = tmp_path / "EXPERIMENTS.md"
    note_experiment(table, read_record(model.folder))
    assert "| fer2013 100.00% |  |" in table.read_text()
    path = record_study(model, whole, SPEED, 1000, "1 CPU thread", full_epochs=40)
    written = json.loads(path.read_text())
    assert (written["format"], written["protocol"]) == (2, "As it was.")
    assert written["history"] == [{"epoch": 1}]
    assert (written["budget"]["epochs"], written["budget"]["epochs_planned"]) == (3, 40)
    assert written["weights_bytes"] == (model.folder / "weights.safetensors").stat().st_size
    assert written["test"]["fer2013"]["ten_crop"]["faces"] == 14
    assert (written["speed"], written["memory_bytes"]) == ([SPEED[0].model_dump()], 1000)
    assert "gamma@" in (model.folder / "card.md").read_text()
    (line,) = [line for line in table.read_text().splitlines() if "| gamma@" in line]
    tens = whole.sets["fer2013"].figures.ten_crop
    assert tens is not None
    assert f"| {tens.accuracy:.2%} |" in line
