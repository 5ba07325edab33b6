"""Answers outlive a kill, and agreement is counted as Cohen did."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.errors import ConfigError
from surveil.training.collect.answers import Answers, agreement, read_answers, write_agreement
from surveil.training.errors import DataError


def test_each_answer_is_on_the_disk_and_can_be_taken_back(tmp_path: Path) -> None:
    said = Answers(tmp_path / "answers", "ann")
    said.add("a.png", "happy")
    said.add("b,c.png", "unclear")
    said.add("a.png", "sad")
    again = Answers(tmp_path / "answers", "ann")
    assert read_answers(again.path) == {"a.png": "sad", "b,c.png": "unclear"}
    assert said.take_back() == "a.png"
    assert read_answers(said.path) == {"b,c.png": "unclear"}
    said.take_back()
    assert said.take_back() is None


def test_what_is_no_answer_is_refused(tmp_path: Path) -> None:
    said = Answers(tmp_path, "ann")
    with pytest.raises(ValueError, match="'joyful' is none of angry"):
        said.add("a.png", "joyful")
    said.path.write_text("file,answer\na.png,joyful\n")
    with pytest.raises(DataError, match=r"ann\.csv, line 2: 'joyful' is none of"):
        Answers(tmp_path, "ann")


@pytest.mark.parametrize("name", ["", "../x", "a b", "labels", "disputed", "x" * 33])
def test_names_that_no_file_may_have_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--by"):
        Answers(tmp_path, name)


def test_kappa_is_that_of_the_textbook() -> None:
    # Cohen's kappa of 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no is 0.4.
    pairs = [("happy", "happy")] * 20 + [("happy", "sad")] * 5
    pairs += [("sad", "happy")] * 10 + [("sad", "sad")] * 15
    first = {f"{at}.png": pair[0] for at, pair in enumerate(pairs)}
    second = {f"{at}.png": pair[1] for at, pair in enumerate(pairs)}
    found = agreement(first, second)
    assert found.kappa == pytest.approx(0.4)
    assert found.interval == pytest.approx((0.146, 0.654), abs=1e-3)
    assert found.words == "fair"
    assert (found.pictures, found.alike, len(found.agreed), len(found.disputed)) == (50, 35, 35, 15)


def test_only_what_both_saw_is_compared_and_unclear_is_no_label(tmp_path: Path) -> None:
    first = {"a": "happy", "b": "unclear", "c": "sad", "only": "fear"}
    second = {"a": "happy", "b": "unclear", "c": "neutral"}
    found = agreement(first, second)
    assert found.pictures == 3
    assert found.agreed == {"a": "happy"}
    assert found.disputed == {"c": ("sad", "neutral")}
    write_agreement(tmp_path, found, ("ann", "bob"))
    assert (tmp_path / "labels.csv").read_text() == "file,emotion\na,happy\n"
    assert (tmp_path / "disputed.csv").read_text() == "file,ann,bob\nc,sad,neutral\n"


@pytest.mark.parametrize("said", [{}, {"a": "happy", "b": "happy"}])
def test_kappa_is_not_defined_where_nothing_varies(said: dict[str, str]) -> None:
    found = agreement(said, said)
    assert (found.kappa, found.interval, found.words) == (None, None, "not defined")


def test_perfect_agreement_is_one() -> None:
    said = {"a": "happy", "b": "sad"}
    assert agreement(said, said).kappa == 1
    assert agreement(said, said).words == "almost perfect"
    assert agreement(said, {"a": "sad", "b": "happy"}).words == "poor"
