"""The card says what is true of its model, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kit.figures import FOUR, facts, metrics, set_figures, write, write_model

from surveil.training.records.card import card
from surveil.training.records.failures import failures
from surveil.training.records.figures import SetFigures
from surveil.training.records.model_record import read_record


def card_of(folder: Path) -> str:
    return card(read_record(folder))


def with_training(folder: Path, **changes: Any) -> Path:
    path = folder / "model.json"
    content = json.loads(path.read_text())
    content["training"] |= changes
    path.write_text(json.dumps(content))
    return folder


def figures_of(**changes: Any) -> SetFigures:
    return SetFigures.model_validate(set_figures(1) | changes)


def test_a_card_has_all_figures_that_were_measured(tmp_path: Path) -> None:
    ferplus = {"faces": 600, "accuracy": 0.81, "interval": [0.78, 0.84]}
    described = facts("alpha")
    figures = set_figures(1) | {"ferplus": ferplus}
    content = metrics(described, {"faces-a": figures}, note="A try.", makers_figure="66%")
    text = card_of(write(tmp_path / "alpha", described, content))
    for words in (
        "> A try.", "1,234,567 parameters, 2.5 MB", "4.5 ms (openvino, batch 1, 1 thread)",
        "The makers of this network report 66%", "| faces-a | 85% | 0.500 |",
        "| faces-a | 90% | not reached |", "81.0% (78.0% to 84.0%) of 600 faces",
        "| faces-a | 16 px | 700 |", "Budget: 5 of 5 epochs planned, 5,000 images shown",
        "| 2.0% | 6.0% |", "Article 5(1)(f)", "Left out: 3 fer2013 equal to test",
    ):  # fmt: skip
        assert words in text, words


def test_only_data_that_was_used_is_named(tmp_path: Path) -> None:
    text = card_of(write_model(tmp_path, "alpha"))
    assert "FER2013 (Kaggle" in text
    assert "1000 faces to train on" in text
    for words in ("London", "muxspace", "FER+", "PublicTest", "None of these faces was used"):
        assert words not in text, words
    own = {"own-cameras": 40, "london_ccby": 7}
    folder = with_training(write_model(tmp_path, "beta"), train_faces_by_source=own)
    text = card_of(with_training(folder, votes_used=True, config={"start_from": "gamma"}))
    for words in ("`own-cameras`: its licence is not known", "CC-BY 4.0", "7 faces to train on",
                  "FER+ votes", "began with the weights of `gamma`"):  # fmt: skip
        assert words in text, words
    assert "Kaggle" not in text


def test_a_source_only_measured_on_is_said_to_be(tmp_path: Path) -> None:
    described = facts("alpha")
    described["training"]["train_faces_by_source"] = {"own": 5}
    test = {"london_ccby": set_figures(1)}
    text = card_of(write(tmp_path / "alpha", described, metrics(described, test)))
    assert "CC-BY 4.0. Used to measure only." in text
    assert "`own`: its licence is not known to surveil. 5 faces to train on." in text


def test_a_model_of_four_classes_says_which_it_lacks(tmp_path: Path) -> None:
    text = card_of(write_model(tmp_path, "four-beta", classes=FOUR))
    assert "as one of happy, sad, surprise, neutral." in text
    assert "It does not know angry, disgust or fear:" in text
    assert "is called happy, sad, surprise or neutral all the same" in text


def test_any_architecture_is_described(tmp_path: Path) -> None:
    described = facts("alpha", architecture={"kind": "colour-cnn", "channels": 3})
    described["input"] = {"frame_px": 100, "crop_px": 100, "mean": 0.5, "std": 0.25}
    folder = write(tmp_path / "alpha", described, metrics(described, {"faces-a": set_figures(1)}))
    assert "A plain CNN of four blocks of two convolutions, on a 100 px colour face" in card_of(
        folder
    )


def test_failures_follow_the_figures() -> None:
    figures = figures_of()
    said = " ".join(failures({"faces-a": figures}))
    lowest = min(figures.per_class, key=lambda row: row.recall)
    assert f"Recognised least often on faces-a: {lowest.emotion} ({lowest.recall:.1%}" in said
    assert f"the {figures.accuracy:.1%} of unspoilt faces: 16 px (" in said
    assert "48 px" not in said
    assert "its confidence is off" not in said


def test_confusions_are_named_with_their_share() -> None:
    confusion = [[0] * 7 for _ in range(7)]
    for at in range(7):
        confusion[at][at] = 60
    confusion[2][4], confusion[1][0] = 40, 20
    said = failures({"faces-a": figures_of(confusion=confusion)})
    line = next(line for line in said if line.startswith("Most confused"))
    assert line == (
        "Most confused on faces-a: fear is called sad in 40.0% of its faces and "
        "disgust is called angry in 25.0% of its faces."
    )


def test_weak_strata_small_classes_and_wrong_confidence_are_named() -> None:
    strata = [
        {"by": "brightness", "stratum": "dark", "faces": 200, "accuracy": 0.3,
         "interval": [0.25, 0.36]},
        {"by": "size", "stratum": "small", "faces": 9, "accuracy": 0.3, "interval": [0.1, 0.99]},
        {"by": "site", "stratum": "b", "faces": 1, "accuracy": 0, "interval": [0, 0]},
        {"by": "site", "stratum": "a", "faces": 699, "accuracy": 0.1, "interval": [0.08, 0.12]},
    ]  # fmt: skip
    few = set_figures(1)["per_class"]
    few[1]["support"] = 4
    figures = figures_of(strata=strata, ece=0.12, per_class=few)
    said = " ".join(failures({"faces-a": figures}))
    rest = (figures.accuracy * 700 - 60) / 500
    assert (
        f"Worse than on the rest of faces-a: brightness dark (30.0% of 200, {rest:.1%} of the "
        "rest)." in said
    )
    assert "Too few faces on faces-a to tell how well it does: disgust (4)." in said
    assert "its confidence is off by 12.0 points" in said


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        ({}, "off by 8.6 points on average."),
        ({"ece_by_chance": 0.089}, None),
        ({"ece_by_chance": 0.089, "ece_by_chance_p95": 0.13}, None),
        ({"ece_by_chance": 0.05, "ece_by_chance_p95": 0.08}, "honest scores show more than 8.0"),
    ],
)
def test_a_calibration_error_within_chance_is_no_failure(
    chance: dict[str, float], said: str | None
) -> None:
    lines = [line for line in failures({"a": figures_of(ece=0.086, **chance)}) if "off by" in line]
    assert [said is not None and said in line for line in lines] == ([True] if said else [])


def test_a_further_division_does_not_silence_the_warning_on_groups_of_people(
    tmp_path: Path,
) -> None:
    strata = [
        {"by": by, "stratum": "a", "faces": 90, "accuracy": 0.7, "interval": [0.6, 0.8]}
        for by in ("site", "group")
    ]
    described = facts("alpha")
    plain, divided = (
        card_of(write(tmp_path / name, described, metrics(described, {"faces-a": figures})))
        for name, figures in (("a", set_figures(1)), ("b", set_figures(1) | {"strata": strata}))
    )
    warning = "between groups of people (age, sex, skin colour) was not measured"
    assert f"{warning}: measure it on your own people" in plain
    assert (
        f"{warning}, other than by what the faces were also divided by (group and site" in divided
    )
    assert "measure it on your own people" in divided


def test_calibration_is_told_in_full(tmp_path: Path) -> None:
    described = facts("alpha", smoothing=0.2)
    content = metrics(described, {"fer2013": set_figures(1)}, smoothing=0.2)
    text = card_of(write(tmp_path / "alpha", described, content))
    assert "(temperature 1.100, label smoothing of 0.200 undone)" in text
    assert "decided on while figures of PublicTest were looked at" in text
    plain = card_of(write_model(tmp_path, "beta"))
    assert "(temperature 1.100)" in plain
    assert "decided on while" not in plain


def test_remarks_and_budgets_of_models_before_are_carried_over(tmp_path: Path) -> None:
    before = {"model": "alpha@1234567", "budget": {"epochs": 4, "epochs_planned": 4,
              "seconds": 7200}, "note": "Decided on after seeing the test."}  # fmt: skip
    described = facts("alpha")
    described["training"] |= {"started_from": "alpha@1234567"}
    described["training"]["config"] |= {"start_from": "alpha", "distil": {"teachers": ["alpha"]}}
    content = metrics(
        described, {"faces-a": set_figures(1)}, note="A try.",
        ancestors=[{"model": "alpha"}, before],
    )  # fmt: skip
    text = card_of(write(tmp_path / "alpha", described, content))
    assert "> A try.\n\n> Before that, `alpha@1234567`: Decided on after seeing the test." in text
    assert "; of these 4 epochs (2.0 h) made `alpha@1234567`, the start" in text
    assert "; what an earlier `alpha` took is not recorded and not counted." in text
    assert "began with the weights of `alpha@1234567`" in text
    assert "Learned from what an earlier `alpha` said" in text


def test_the_votes_head_is_not_said_to_be_dropped(tmp_path: Path) -> None:
    labels, votes = (
        card_of(with_training(write_model(tmp_path, name), votes_used=True, head=head))
        for name, head in (("alpha", "labels"), ("alpha-votes", "votes"))
    )
    assert "licence): a second target in training, whose layer is left out here." in labels
    assert "licence): what this model's last layer learned; FER2013's labels were a" in votes


def test_who_is_in_the_data_and_who_is_not_is_said_by_collection(tmp_path: Path) -> None:
    own = {"own-cameras": 40, "london_ccby": 7}
    text = card_of(with_training(write_model(tmp_path, "alpha"), train_faces_by_source=own))
    who = text.partition("## Who is in the training data")[2].partition("## Where it fails")[0]
    assert "`own-cameras`: who is seen there is not known to surveil." in who
    assert "`london_ccby`: 80 adults, frontal" in who
    assert "Nobody counted children, old people, skin colours" in who
    assert "fer2013" not in who
    assert "What a person feels cannot be read from it." in text


def test_errors_are_told_by_part_of_the_faces_with_intervals(tmp_path: Path) -> None:
    described = facts("alpha")
    stratum = {"by": "size", "stratum": "lowest third, up to 40 px", "faces": 200,
               "accuracy": 0.6, "interval": [0.53, 0.67]}  # fmt: skip
    content = metrics(described, {"faces-a": set_figures(1) | {"strata": [stratum]}})
    text = card_of(write(tmp_path / "alpha", described, content))
    assert "How often it is wrong, by part of the faces:" in text
    row = "| faces-a | size | lowest third, up to 40 px | 200 | 40.0% | 33.0% to 47.0% |"
    assert row in text


def test_the_card_says_how_to_train_the_model_again(tmp_path: Path) -> None:
    folder = with_training(write_model(tmp_path, "alpha"), config={"epochs": 3})
    assert "`surveil train models/alpha --data DATA --models again`" in card_of(folder)
