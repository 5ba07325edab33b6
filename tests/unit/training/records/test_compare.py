"""Models side by side, on made-up figures."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from kit.figures import FOUR, SEVEN, facts, metrics, set_figures, write, write_model

from surveil.training.errors import DataError
from surveil.training.records.compare import COLUMNS, Comparison, compare, rows
from surveil.training.records.model_record import find_records, read_record
from surveil.training.report.compare_page import f1_rows, page, restricted_groups


def compared(models: Path) -> Comparison:
    return compare(*find_records([models]))


def standings(models: Path) -> dict[str, str]:
    comparison = compared(models)
    own = [entry for entry in comparison.entries if not entry.restricted]
    return {entry.record.facts.name: entry.standing for entry in own}


def test_overlapping_intervals_are_said_to_be_perhaps_chance(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha", seed=1, skill=2.0)
    write_model(tmp_path, "beta", seed=2, skill=2.05)
    write_model(tmp_path, "gamma", seed=3, skill=0.5)
    said = standings(tmp_path)
    assert "best" in said.values()
    assert re.search(r"overlaps the best, (alpha|beta)@\w{7}: may be chance", str(said))
    assert re.fullmatch(r"\d+\.\d points below (alpha|beta)@\w{7}", said["gamma"])


def test_a_model_on_other_faces_has_no_rival_and_a_warning(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha", faces=700)
    write_model(tmp_path, "beta", faces=600)
    assert set(standings(tmp_path).values()) == {"no other on these faces"}
    warnings = " ".join(compared(tmp_path).warnings)
    assert re.search(r"faces-a is not the same faces for all: \d00 for (alpha|beta)@", warnings)


def test_same_number_of_faces_of_other_classes_is_noticed(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha")
    figures = set_figures(1)
    figures["per_class"][0]["support"] += 1
    figures["per_class"][1]["support"] -= 1
    described = facts("beta")
    write(tmp_path / "beta", described, metrics(described, {"faces-a": figures}))
    assert any("not the same faces" in warning for warning in compared(tmp_path).warnings)
    assert set(standings(tmp_path).values()) == {"no other on these faces"}


def test_what_does_not_compare_is_said(tmp_path: Path) -> None:
    cut_short = {"epochs": 3, "epochs_planned": 20}
    write_model(tmp_path, "alpha", budget=cut_short, makers_figure="99% of a set of its own")
    write_model(tmp_path, "four-beta", classes=FOUR)
    described = facts("gamma")
    write(tmp_path / "gamma", described, metrics(described, {"faces-b": set_figures(4)}))
    warnings = " ".join(compared(tmp_path).warnings)
    assert re.search(r"numbers of classes: 4 \(four-beta@\w+\); 7 \(alpha@\w+ and gamma", warnings)
    assert re.search(r"alpha@\w+: reduced budget, 3 of 20 epochs", warnings)
    assert re.search(r"gamma@\w+: not measured on faces-a", warnings)
    assert "99% of a set of its own by their own protocol" in warnings
    assert "compare only like machines" in warnings


def test_restricted_and_dedicated_models_meet_in_one_group(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha")
    write_model(tmp_path, "four-beta", classes=FOUR, faces=410)
    (group,) = restricted_groups(compared(tmp_path))
    assert (group.test, group.taxonomy, group.classes) == ("faces-a", "four", 4)
    assert {(e.record.facts.name, e.restricted) for e in group.entries} == {
        ("alpha", True), ("four-beta", False),
    }  # fmt: skip
    assert group.entries[0].accuracy >= group.entries[1].accuracy


def test_restricted_and_dedicated_models_are_rivals_on_the_same_faces(tmp_path: Path) -> None:
    seven, four = set_figures(1), set_figures(2, classes=FOUR)
    kept = [row for row in seven["per_class"] if row["emotion"] in FOUR]
    faces = sum(row["support"] for row in kept)
    for row, same in zip(four["per_class"], kept, strict=True):
        row["support"] = same["support"]
    four |= {"faces": faces, "accuracy": 0.5, "interval": [0.45, 0.55]}
    seven["restricted"] = {"four": {"faces": faces, "accuracy": 0.9, "interval": [0.88, 0.92]}}
    for name, classes, figures in (("alpha", SEVEN, seven), ("beta", FOUR, four)):
        described = facts(name, classes)
        write(tmp_path / name, described, metrics(described, {"faces-a": figures}))

    def said() -> set[str]:
        (group,) = restricted_groups(compared(tmp_path))
        return {re.sub(r"@\w+", "", entry.standing) for entry in group.entries}

    assert said() == {"best", "40.0 points below alpha"}
    four["per_class"][0]["support"] += 1
    four["per_class"][1]["support"] -= 1
    described = facts("beta", FOUR)
    content = metrics(described, {"faces-a": four})
    (tmp_path / "beta" / "metrics.json").write_text(json.dumps(content))
    assert said() == {"no other on these faces"}


def test_rows_are_one_for_each_model_set_and_taxonomy(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha")
    write_model(tmp_path, "four-beta", classes=FOUR)
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows(compared(tmp_path))]
    assert [(r["taxonomy"], r["restricted"]) for r in found] == [
        ("seven", False), ("four", True), ("four", False),
    ]  # fmt: skip
    first = found[0]
    assert (first["p50_ms"], first["p50_of"]) == (4.5, "openvino, batch 1")
    assert first["accuracy_low"] < first["accuracy"] < first["accuracy_high"]
    assert first["coverage_at_85"] > 0
    assert (first["memory_bytes"], first["measured_on"]) == (50_000_000, "2 CPU threads")
    assert 0.9 < first["specificity"] < 1
    assert found[1]["ece"] is None


def test_not_reached_is_told_from_not_measured(tmp_path: Path) -> None:
    figures = set_figures(1)
    figures["risk_coverage"]["thresholds"] = [
        {"precision": 0.85, "threshold": None, "coverage": 0.0, "reached": False}
    ]
    described = facts("alpha")
    write(tmp_path / "alpha", described, metrics(described, {"faces-a": figures}))
    bare = {key: figures[key] for key in ("faces", "classes", "accuracy", "interval")}
    described = facts("beta")
    write(tmp_path / "beta", described, metrics(described, {"faces-a": bare}))
    comparison = compared(tmp_path)
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows(comparison)]
    assert {row["model"][:4]: row["coverage_at_85"] for row in found} == {"alph": 0.0, "beta": None}
    assert ">not reached</td>" in page(comparison)


def test_a_gpu_is_named_where_times_are_its(tmp_path: Path) -> None:
    speed = [
        {"engine": "torch", "device": "cuda:0", "threads": 16, "batch": 1, "p50_ms": 1.5,
         "p95_ms": 2.0}
    ]  # fmt: skip
    write_model(tmp_path, "alpha", speed=speed, measured_on="Some GPU")
    text = page(compared(tmp_path))
    assert "1.5 ms (torch, batch 1, Some GPU)" in text
    assert "50.0 MB" in text
    assert "16 threads" not in text


def test_processor_time_is_told_beside_the_clocks(tmp_path: Path) -> None:
    speed = [{"engine": "openvino", "device": "cpu", "threads": 1, "batch": 1, "p50_ms": 17.3,
              "p95_ms": 40.0, "cpu_ms": 9.37}]  # fmt: skip
    write_model(tmp_path, "alpha", speed=speed, measured_on="1 CPU thread")
    comparison = compared(tmp_path)
    words = "17.3 ms, 9.4 ms of processor time (openvino, batch 1, 1 thread)"
    assert words in page(comparison)
    assert dict(zip(COLUMNS, rows(comparison)[0], strict=True))["cpu_ms"] == 9.37


def test_a_filter_by_classes_reaches_the_models_of_fewer(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha")
    write_model(tmp_path, "four-beta", classes=FOUR)
    fewer = page(compared(tmp_path)).split('<section class="fewer">')[1].split("</section>")[0]
    assert re.findall(r'data-classes="(\d*)"', fewer) == ["4"]


def test_a_file_of_format_1_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    figures = set_figures(1)
    old = {key: figures[key] for key in ("faces", "accuracy", "interval", "macro_f1", "confusion")}
    keys = ("emotion", "precision", "recall", "f1", "support")
    old["classes"] = [{key: row[key] for key in keys} for row in figures["per_class"]]
    described = facts("alpha")
    content = {"model": "alpha@" + described["weights_sha256"][:7], "temperature": 1.1,
               "protocol": "Old.", "test": {"faces-a": old}, "history": []}  # fmt: skip
    record = read_record(write(tmp_path / "alpha", described, content))
    assert record.metrics.test["faces-a"].per_class[0].emotion == "angry"
    assert record.metrics.test["faces-a"].specificity is None
    assert record.metrics.budget is not None
    assert record.metrics.budget.epochs == 5
    comparison = compare([record])
    assert any("of format 1" in warning for warning in comparison.warnings)
    assert "older format" in page(comparison)


def test_figures_of_other_weights_are_noticed(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha", model="alpha@0000000")
    assert any("is of other weights, alpha@0000000" in w for w in compared(tmp_path).warnings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": "warm"}, r"metrics\.json: temperature: "),
        ({"test": {}}, r"metrics\.json: test: "),
        ({"format": 3}, r"metrics\.json: format: is 3, this surveil reads up to 2"),
        ({"parameters": -1}, r"metrics\.json: parameters: "),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    write_model(tmp_path, "alpha", **changes)
    with pytest.raises(DataError, match=words):
        find_records([tmp_path])


def test_a_confusion_matrix_of_another_size_is_named(tmp_path: Path) -> None:
    described, figures = facts("alpha"), set_figures(1)
    figures["confusion"].pop()
    write(tmp_path / "alpha", described, metrics(described, {"faces-a": figures}))
    with pytest.raises(DataError, match=r"test\.faces-a: .*7 rows of 7"):
        find_records([tmp_path])


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = write_model(tmp_path, "alpha") / "metrics.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"alpha/metrics\.json: not JSON"):
        find_records([tmp_path])


def test_folders_without_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        find_records([tmp_path / "nowhere"])
    with pytest.raises(DataError, match=r"neither model\.json"):
        find_records([tmp_path])
    (write_model(tmp_path, "alpha") / "metrics.json").unlink()
    with pytest.raises(DataError, match=r"no model in it has a metrics\.json"):
        find_records([tmp_path])
    write_model(tmp_path, "beta")
    records, remarks = find_records([tmp_path, tmp_path / "beta"])
    assert [record.facts.name for record in records] == ["beta"]
    assert "alpha is left out" in remarks[0]


def test_f1_is_told_of_each_class_in_order(tmp_path: Path) -> None:
    record = read_record(write_model(tmp_path, "alpha"))
    figures = record.metrics.test["faces-a"]
    assert [name for name, _ in f1_rows([record], "faces-a")] == list(figures.classes)


class Outline(HTMLParser):
    """Collects what a page would load, and whether its tags close."""

    VOID = frozenset({"meta", "input", "rect", "line", "path", "polyline", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [str(value) for name, value in attrs if name in {"src", "href"}]
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Leave what closes itself alone."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha", seed=1)
    write_model(tmp_path, "beta", seed=2, budget={"epochs": 1, "epochs_planned": 9})
    write_model(tmp_path, "four-gamma", classes=FOUR, makers_figure="90%")
    text = page(compared(tmp_path))
    outline = Outline()
    outline.feed(re.sub(r"<script>.*</script>", "", text, flags=re.S))
    assert outline.open == []
    assert outline.loads == []
    assert "http" not in text.replace("http-equiv", "")
    for words in ("alpha@", "reduced budget", "1 of 9", "restricted from 7", "trained on these",
                  "their protocol, not comparable", "Spoilt faces", "16 px", "1,234,567",
                  "prefers-color-scheme: dark", "85% right on the surest"):  # fmt: skip
        assert words in text, words


def test_texts_of_a_model_cannot_become_markup(tmp_path: Path) -> None:
    write_model(tmp_path, "alpha", note="<script>alert(1)</script>", protocol="</td><b>")
    text = page(compared(tmp_path))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "</td><b>" not in text


def test_a_set_without_optional_figures_still_makes_a_page(tmp_path: Path) -> None:
    figures = set_figures(1)
    bare = {key: figures[key] for key in ("faces", "classes", "accuracy", "interval")}
    described = facts("alpha")
    content = {"format": 2, "model": "alpha@" + described["weights_sha256"][:7],
               "temperature": 1.0, "test": {"faces-a": bare}}  # fmt: skip
    write(tmp_path / "alpha", described, json.loads(json.dumps(content)))
    assert "–" in page(compared(tmp_path))


def test_a_row_says_how_it_ended_and_how_it_is_trained_again(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "alpha")
    budget = {"epochs": 7, "epochs_planned": 12, "patience": 3, "epochs_spared": 5}
    for name, path, part in (("config", "model.json", "training"), ("budget", "metrics.json", "")):
        content = json.loads((folder / path).read_text())
        (content[part] if part else content)[name] = budget
        (folder / path).write_text(json.dumps(content))
    records, remarks = find_records([tmp_path])
    comparison = compare(records, remarks)
    row = dict(zip(COLUMNS, rows(comparison)[0], strict=True))
    assert row["patience"] == 3
    assert row["again"] == "surveil train models/alpha --data DATA --models again"
    text = page(comparison)
    assert "7 epochs, stopped after 3 epochs without improvement, full budget 12" in text
    assert f"<code>{row['again']}</code>" in text
    assert "reduced budget" not in text
