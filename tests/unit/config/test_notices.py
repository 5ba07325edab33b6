"""Texts for the people seen, and for whoever assesses: both languages say all of it."""

from __future__ import annotations

from string import Formatter
from typing import get_args

import pytest

from surveil.config import Fleet
from surveil.config.notices import TEXTS, Lang, Measured, write_assessment, write_notice

MEASURED = Measured("emotion@1", 3589, 0.7, {"angry": 0.36, "happy": 0.113})
FLEET = Fleet.model_validate(
    {
        "privacy": {"purpose": "comfort of the queue"},
        "retention": {"days": 30},
        "cameras": {
            "hall": {"source": "usb:0", "privacy": {"mode": "aggregate", "min_group": 7}},
            "ward": {
                "source": "usb:1",
                "privacy": {
                    "area": "workplace",
                    "live_view": "blurred",
                    "exception": {"kind": "medical", "approver": "Dr Ana", "document": "DPIA 7"},
                },
            },
            "old": {"source": "usb:2", "enabled": False},
        },
    }
)


def test_languages_have_the_same_texts_with_the_same_values() -> None:
    assert set(TEXTS) == set(get_args(Lang))
    for key, text in TEXTS["en"].items():
        other = TEXTS["es"][key]
        fields = [{field for _, field, _, _ in Formatter().parse(one)} for one in (text, other)]
        assert fields[0] - {None} == fields[1] - {None}, key
    assert TEXTS["en"].keys() == TEXTS["es"].keys()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_notice_says_what_is_done_and_how_often_it_errs(lang: Lang) -> None:
    text = write_notice(FLEET, MEASURED, lang)
    for needed in (
        "hall",
        "ward",
        "comfort of the queue",
        "30.0 %",
        "3589",
        " 7 ",
        " 30 ",
        "Dr Ana",
    ):
        assert needed in text, needed
    assert "**old**" not in text
    assert "{" not in text


@pytest.mark.parametrize("lang", ["en", "es"])
def test_an_assessment_names_law_errors_and_risks(lang: Lang) -> None:
    text = write_assessment(FLEET, MEASURED, lang)
    for needed in ("2024/1689", "36.0 %", "11.3 %", "Dr Ana", "DPIA 7", "______"):
        assert needed in text, needed
    assert "{" not in text


@pytest.mark.parametrize("lang", ["en", "es"])
def test_without_figures_it_says_that_nobody_knows(lang: Lang) -> None:
    for write in (write_notice, write_assessment):
        text = write(FLEET, None, lang)
        assert TEXTS[lang]["unmeasured"] in text
        assert "{" not in text
