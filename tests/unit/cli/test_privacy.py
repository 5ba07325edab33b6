"""``surveil privacy``: its help, and what is erased by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from kit.events import CameraLife, after, make_vote

from surveil.cli.lazy import LazyGroup
from surveil.cli.main import cli
from surveil.cli.privacy import COMMANDS, SUMMARIES, command
from surveil.errors import ConfigError
from surveil.store.engine import connect, reading, writing
from surveil.store.ingest import write_batch


def test_help_says_what_the_commands_say() -> None:
    assert isinstance(command, LazyGroup)
    for name in COMMANDS:
        found = command.get_command(None, name)  # type: ignore[arg-type]
        assert found is not None
        assert found.get_short_help_str(100) == SUMMARIES[name]


@pytest.fixture
def url(sqlite_url: str) -> str:
    with writing(connect(sqlite_url)) as connection:
        write_batch(connection, CameraLife().sees(0, 1, make_vote(1), make_vote(2)))
    return sqlite_url


def erase(url: str, *more: str, answer: str = "") -> str:
    span = ["--from", after(0).isoformat(), "--to", after(9).isoformat(), "--database", url]
    whole = ["privacy", "erase", "--camera", "lobby", "--tz", "UTC", *span, *more]
    result = CliRunner().invoke(cli, whole, input=answer)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def votes(url: str) -> int:
    with reading(connect(url)) as connection:
        found = connection.execute(sa.text("select count(*) from observation")).scalar_one()
    return int(found)


def test_it_asks_before_it_erases(url: str) -> None:
    said = erase(url, answer="n\n")
    assert "lobby from 2026-03-01 09:59 to 2026-03-01 10:00: 2 votes of faces, 2 tracks" in said
    assert votes(url) == 2
    assert "erased: 2 votes of faces" in erase(url, answer="y\n")
    assert votes(url) == 0
    assert "erased: 0 votes of faces" in erase(url, "--yes", "--by", "ana")


def test_what_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="neither a duration"):
        erase(url, "--from", "yesterdayish")
    with pytest.raises(ConfigError, match="later"):
        erase(url, "--to", after(-5).isoformat())
    with pytest.raises(ConfigError, match="nothing is stored"):
        erase(url, "--camera", "lobi")


def test_texts_are_written_of_a_fleet_and_its_model(tmp_path: Path) -> None:
    fleet, out = tmp_path / "fleet.yaml", tmp_path / "notice.md"
    fleet.write_text("cameras: {hall: {source: 'usb:0'}}\n", encoding="utf-8")
    written = CliRunner().invoke(cli, ["privacy", "notice", str(fleet), "--out", str(out)])
    assert written.exception is None
    assert "hall" in out.read_text(encoding="utf-8")
    printed = CliRunner().invoke(cli, ["privacy", "dpia", str(fleet), "--lang", "es"])
    assert printed.exception is None
    assert "# Borrador de evaluación de impacto" in printed.output
    assert "emotion-resnet18@" in printed.output
