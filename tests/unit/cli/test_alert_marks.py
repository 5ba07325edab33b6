"""``surveil alerts ack``, ``mark``, ``quality`` and ``list --marked``."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from surveil.cli.alerts import command
from surveil.cli.silence import command as silence
from surveil.errors import ConfigError
from surveil.redaction import Redactor
from surveil.store.alerts import AlertBatch, AlertStep, commit_alerts
from surveil.store.engine import connect, writing

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests registered, such as the password `wrong`."""
    monkeypatch.setattr("surveil.redaction._redactor", Redactor())


@pytest.fixture
def url(sqlite_url: str) -> str:
    """A database with two alerts that fired, ten days ago and now."""
    steps = []
    for days in (10, 0):
        at = NOW - timedelta(days=days)
        texts = {"summary": f"of {days} days ago"}
        for before, to in (("inactive", "firing"), ("firing", "resolved"))[: 2 if days else 1]:
            one = AlertStep("joy", "lobby", "lobby", before, to, at, at, 0.75, {}, texts, "", ())
            steps.append(one)
    engine = connect(sqlite_url)
    with writing(engine) as connection:
        commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=NOW)
    engine.dispose()
    return sqlite_url


def call(url: str, *words: str) -> str:
    name, *rest = words
    arguments = [name, "--database", url, *rest]
    result = CliRunner().invoke(command, arguments, env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.stdout


def refuse(url: str, *words: str) -> Result:
    name, *rest = words
    result = CliRunner().invoke(command, [name, "--database", url, *rest])
    assert isinstance(result.exception, ConfigError | SystemExit), result.exception
    return result


def ids(url: str) -> list[str]:
    """Return the ids of the alerts, the older one first."""
    listed = call(url, "list", "--since", "20d", "--format", "json")
    steps = json.loads(listed)["transitions"]
    return list(dict.fromkeys(step["alert_id"] for step in steps))


def test_an_alert_is_acknowledged_by_the_end_of_its_id(url: str) -> None:
    _, new = ids(url)
    shown = call(url, "list")
    assert new[-8:] in shown
    assert call(url, "ack", new[-8:], "--by", "ana", "--note", "on my way") == "acknowledged\n"
    assert "before" in call(url, "ack", new, "--by", "ben")
    assert "(acknowledged by ana)" in call(url, "list")
    body = json.loads(call(url, "list", "--firing", "--format", "json"))
    assert body["alerts"][0]["acknowledged_by"] == "ana"


def test_marks_are_listed_with_their_notes(url: str) -> None:
    old, new = ids(url)
    call(url, "mark", old, "wrong", "--note", "a poster of a face", "--by", "ana")
    call(url, "mark", new, "right")
    assert "No alert" in call(url, "list", "--marked", "wrong")
    table = call(url, "list", "--marked", "wrong", "--since", "20d")
    assert "wrong by ana a poster of a face" in table
    rows = list(
        csv.DictReader(
            io.StringIO(call(url, "list", "--marked", "wrong", "--since", "20d", "--format", "csv"))
        )
    )
    assert [(row["id"], row["summary"]) for row in rows] == [(old, "of 10 days ago")]
    body = json.loads(call(url, "list", "--marked", "right", "--format", "json"))
    assert body["marked"][0]["alert"]["verdict"] == "right"
    assert body["marked"][0]["said"] == []


def test_quality_says_how_sure_it_is(url: str) -> None:
    old, new = ids(url)
    assert "nobody marked any" in call(url, "quality")
    call(url, "mark", old, "wrong")
    call(url, "mark", new, "right")
    table = call(url, "quality", "--tz", "UTC")
    assert "few marks (below 20)" in table
    assert "21% to 100%" in table
    assert "0% to 79%" in table
    body = json.loads(call(url, "quality", "--every", "all", "--format", "json"))
    (row,) = body["quality"]
    assert (row["fired"], row["right"], row["wrong"], row["precision"]) == (2, 1, 1, 0.5)
    assert row["few_marks"] is True
    lines = call(url, "quality", "--format", "csv").splitlines()
    assert lines[0].startswith("rule,from_at,to_at,fired,right,wrong,unclear,precision,low,high")
    assert len(lines) == 3
    assert "No alert fired" in call(url, "quality", "--rule", "fear")


def test_colours_of_a_terminal_are_no_text(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call(url, "mark", ids(url)[1], "right")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for words in (["quality"], ["list", "--marked", "right"], ["list"]):
        assert r"\x1b" not in call(url, *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mark", "01NOSUCHALERT", "wrong"], "no alert '01NOSUCHALERT'; see surveil alerts"),
        (["ack", "01NOSUCHALERT", "--note", "x" * 501], "--note: at most 500"),
        (["ack", "01NOSUCHALERT", "--note", "a\x1b[2J"], "none of control"),
        (["ack", "01NOSUCHALERT", "--by", " "], "--by: 1 to 100"),
        (["list", "--firing", "--marked", "wrong"], "leave --firing out"),
        (["quality", "--since", "2199-01-01"], "lies ahead"),
        (["quality", "--since", "2000-01-01", "--every", "day"], "choose --every all"),
    ],
)
def test_what_is_wrong_is_said(url: str, words: list[str], message: str) -> None:
    assert message in str(refuse(url, *words).exception)


def test_an_unknown_command_is_named(url: str) -> None:
    result = CliRunner().invoke(command, ["lsit"])
    assert (result.exit_code, "No such command 'lsit'" in result.output) == (2, True)


def test_a_silence_can_be_looked_at_before(url: str) -> None:
    words = ["add", "--database", url, "--rule", "j*", "--for", "2h", "--dry-run"]
    result = CliRunner().invoke(silence, words, env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    assert "firing now: joy (lobby)" in result.output
    assert "of the last 7 days it would have hidden 1 alerts" in result.output
    assert "nothing was changed" in result.output
    listed = CliRunner().invoke(silence, ["list", "--database", url])
    assert listed.output == "no silence\n"
    other = [word if word != "j*" else "fear" for word in words]
    assert "hidden 0 alerts" in CliRunner().invoke(silence, other).output
