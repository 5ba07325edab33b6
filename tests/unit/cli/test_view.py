"""``surveil view`` refuses what it cannot watch before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from surveil.cli.view import command
from surveil.errors import ConfigError


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere.mp4", "did you mean 'file:nowhere.mp4'"),
        ("file:nowhere.mp4", "nowhere.mp4: no such file"),
        ("http://host/x", "most cameras also serve RTSP"),
        ("rtsp://ann:pa/ss@host/x", "in a password write / as %2F"),
    ],
)
def test_what_is_no_source_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, [source, "--no-browser", "--keep", "kept"])
    assert isinstance(result.exception, ConfigError)
    assert words in str(result.exception)
    assert "pa/ss" not in str(result.exception)
    assert not (tmp_path / "kept" / "fleet.yaml").exists()
