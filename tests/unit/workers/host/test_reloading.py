"""Rules that are read again replace those in force only if they are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.config import Fleet, load_fleet
from surveil.errors import UnavailableError
from surveil.workers.host.reloading import Reloading

FLEET = """
cameras: {lobby: {source: "rtsp://127.0.0.1/x", password: "${env:LOBBY_WORD}"}}
rules: [rules.yaml]
"""
RULES = """
rules: [{name: joy, when: [{share: {emotion: happy, over: 10s}, above: %s}]}]
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOBBY_WORD", "hunter2")
    (tmp_path / "fleet.yaml").write_text(FLEET)
    (tmp_path / "rules.yaml").write_text(RULES % 0.5)
    return tmp_path


def book_of(files: Path) -> Reloading:
    fleet_file = files / "fleet.yaml"
    return Reloading(load_fleet(fleet_file), lambda: load_fleet(fleet_file))


def above(book: Reloading) -> str:
    return str(book.fleet.rules[0].when)


def test_changed_rules_are_taken(files: Path) -> None:
    book = book_of(files)
    before = above(book)
    assert not book.read_again()
    (files / "rules.yaml").write_text(RULES % 0.6)
    assert book.read_again()
    assert above(book) != before
    assert not book.read_again()


@pytest.mark.parametrize("text", ["rules: [{name: joy}]", "rules: [", "\x00", RULES % "a lot"])
def test_wrong_rules_leave_those_in_force(
    files: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book = book_of(files)
    before = above(book)
    (files / "rules.yaml").write_text(text)
    assert not book.read_again()
    assert above(book) == before


def test_secret_that_is_gone_leaves_them_too(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_of(files)
    monkeypatch.delenv("LOBBY_WORD")
    (files / "rules.yaml").write_text(RULES % 0.6)
    assert not book.read_again()


def test_what_is_no_rule_stays_as_it_was(files: Path) -> None:
    book = book_of(files)
    (files / "fleet.yaml").write_text("interval_s: 2\n" + FLEET)
    (files / "rules.yaml").write_text(RULES % 0.6)
    assert book.read_again()
    assert book.fleet.interval_s == 1


def test_fleet_without_a_file_keeps_its_rules(files: Path) -> None:
    def away() -> Fleet:
        raise UnavailableError("away")

    fleet = load_fleet(files / "fleet.yaml")
    assert not Reloading(fleet, None).read_again()
    assert not Reloading(fleet, away).read_again()
