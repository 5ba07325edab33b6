"""Models are shown with their own figures; what a model lacks is not shown as zero."""

from __future__ import annotations

import re

import pytest
from kit.web import Dashboard

from surveil.domain import Emotion
from surveil.rules.model import Rule
from surveil.store.access import Role
from surveil.web.models import known_models
from surveil.web.pages.models import counts_of, in_words


def test_filters_choose_rows(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER))
    every = client.get("/models").text
    some = client.get("/models?classes=4&name=resnet").text
    assert 'href="/models/binary"' in every
    assert 'href="/models/four-resnet"' in some
    assert 'href="/models/binary"' not in some
    assert "not measured" in every
    assert "No model matches" in client.get("/models?name=nothing").text


@pytest.mark.parametrize("name", [record.facts.name for record in known_models().records])
def test_each_has_a_page(sqlite_dashboard: Dashboard, name: str) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER))
    answer = client.get(f"/models/{name}")
    assert answer.status_code == 200
    assert "m:abdoulaye_wade" not in answer.text


def test_confidence_is_drawn_against_being_right(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER))
    drawn = 0
    for record in known_models().records:
        page = client.get(f"/models/{record.facts.name}").text
        for figures in record.metrics.test.values():
            for part in figures.reliability.scaled if figures.reliability else ():
                if part.accuracy is not None:
                    drawn += 1
                    assert f"<title>{part.faces} faces of confidence {part.low:.0%}" in page
    assert drawn


def test_what_another_model_would_change_is_told_to_who_chooses(
    sqlite_dashboard: Dashboard,
) -> None:
    board = sqlite_dashboard
    rule = {"name": "rage", "when": [{"mean": {"emotion": "angry", "over": "9s"}, "above": 0.5}]}
    board.site.fleet = board.site.fleet.model_copy(
        update={"rules": (*board.site.fleet.rules, Rule.model_validate(rule))}
    )
    chooses = board.client(board.key(Role.ADMIN)).get("/models/binary").text
    assert "<code>model: binary</code>" in chooses
    (mute,) = re.findall("would not fire for it: (.*?)\\.", chooses)
    classes = next(r.classes for r in known_models().records if r.facts.name == "binary")
    told = [("joy", Emotion.HAPPY), ("rage", Emotion.ANGRY)]
    assert mute.split(", ") == [name for name, emotion in told if emotion not in classes]
    looks = board.client(board.key(Role.OPERATOR, name="bob")).get("/models/binary").text
    assert "model: binary" not in looks
    assert "Administrators choose" in looks


def test_no_other_name_is_a_path(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key(Role.VIEWER))
    for name in ("mtcnn", "nothing", "..%2f..%2fetc", "%2e%2e"):
        assert client.get(f"/models/{name}").status_code == 404


def test_counts_agree_with_the_rates() -> None:
    figures = next(iter(known_models().records[0].metrics.test.values()))
    for row in counts_of(figures):
        assert row.right + row.missed + row.mistaken + row.left == figures.faces
        assert row.recall == pytest.approx(row.right / (row.right + row.missed), abs=1e-4)


def test_settings_are_words() -> None:
    assert in_words({"kind": "sgd", "rate": 0.1, "clip": None}) == "kind sgd, rate 0.1"
    assert in_words([{"until": 0.5}, {"until": 1}]) == "until 0.5; until 1"
