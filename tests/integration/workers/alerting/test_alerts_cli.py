"""``surveil alerts`` on a store with some history."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from surveil.cli.alerts import command
from surveil.errors import ConfigError
from surveil.store.alerts import (
    AlertBatch,
    AlertStep,
    Evaluation,
    OutboxMessage,
    commit_alerts,
)
from surveil.store.engine import connect, writing
from surveil.store.outbox import settle

NOW = datetime.now(UTC).replace(microsecond=0)


def step(rule: str, before: str, after: str, ago_s: float, *ids: str) -> AlertStep:
    at = NOW - timedelta(seconds=ago_s)
    summary = {"summary": f"{rule} is {after}"}
    messages = tuple(OutboxMessage(i, "ops", {}) for i in ids)
    return AlertStep(rule, "lobby", "lobby", before, after, at, at, 0.75, {}, summary, "", messages)


@pytest.fixture
def url(database_url: str) -> str:
    engine = connect(database_url)
    steps = [
        step("stale", "inactive", "firing", 3 * 86400),
        step("stale", "firing", "resolved", 2 * 86400),
        step("joy", "inactive", "pending", 70),
        step("joy", "pending", "firing", 60, "msg_1"),
        step("fear", "inactive", "firing", 50, "msg_2"),
        step("fear", "firing", "resolved", 40, "msg_3"),
    ]
    with writing(engine) as connection:
        commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=NOW)
        settle(connection, "msg_1", state="delivered", attempts=1, error=None, delivered_at=NOW)
        settle(connection, "msg_2", state="failed", attempts=3, error="HTTP status 410")
    engine.dispose()
    return database_url


def call(url: str, *words: str) -> Result:
    result = CliRunner().invoke(command, ["--database", url, *words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result


def test_table_shows_what_fires_and_what_happened(url: str) -> None:
    output = call(url).output

    assert "joy is firing" in output
    assert "pending" in output
    assert "ops: delivered after 0.0 s" in output
    assert "ops: failed after 3 attempts, HTTP status 410" in output
    assert "ops: pending" in output
    assert "stale" not in output


def test_json_holds_everything_in_utc(url: str) -> None:
    body = json.loads(call(url, "--format", "json", "--since", "7d").output)

    assert [(a["rule"], a["state"]) for a in body["alerts"]] == [("joy", "firing")]
    assert [t["rule"] for t in body["transitions"]] == [
        "stale",
        "stale",
        "joy",
        "joy",
        "fear",
        "fear",
    ]
    assert body["alerts"][0]["fired_at"].endswith("Z")
    assert body["transitions"][4]["deliveries"][0]["last_error"] == "HTTP status 410"


def test_csv_has_a_line_for_each_delivery(url: str) -> None:
    rows = list(csv.DictReader(io.StringIO(call(url, "--format", "csv", "--rule", "fear").output)))

    assert [(r["to_state"], r["receiver"], r["delivery"]) for r in rows] == [
        ("firing", "ops", "failed"),
        ("resolved", "ops", "pending"),
    ]


def test_firing_alone(url: str) -> None:
    body = json.loads(call(url, "--format", "json", "--firing").output)
    rows = list(csv.DictReader(io.StringIO(call(url, "--format", "csv", "--firing").output)))

    assert set(body) == {"alerts", "evaluated_at", "evaluated_by", "is_current"}
    assert [row["summary"] for row in rows] == ["joy is firing"]
    assert "Nothing fires." in call(url, "--firing", "--rule", "fear").output


def test_wrong_duration_is_said(sqlite_url: str) -> None:
    result = CliRunner().invoke(command, ["--database", sqlite_url, "--since", "soon"])

    assert isinstance(result.exception, ConfigError)
    assert "--since 'soon'" in str(result.exception)


def test_tables_are_in_the_zone_asked_for(url: str) -> None:
    tokyo = (NOW - timedelta(seconds=60)).astimezone(ZoneInfo("Asia/Tokyo"))

    assert f"{tokyo:%Y-%m-%d %H:%M:%S}" in call(url, "--tz", "Asia/Tokyo").output


def test_fleet_file_names_the_database(tmp_path: Path, sqlite_url: str) -> None:
    fleet = tmp_path / "fleet.yaml"
    text: dict[str, Any] = {
        "database": sqlite_url,
        "cameras": {"lobby": {"source": "rtsp://127.0.0.1:9/"}},
    }
    fleet.write_text(json.dumps(text))  # JSON is YAML
    result = CliRunner().invoke(command, ["--fleet", str(fleet)])

    assert (result.exit_code, "Nothing fires." in result.output) == (0, True)


def test_missing_fleet_and_database_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SURVEIL_FLEET", raising=False)
    result = CliRunner().invoke(command, [])
    assert "--fleet FLEET.yaml or --database URL" in str(result.exception)

    result = CliRunner().invoke(command, ["--database", f"sqlite:///{tmp_path}/none.db"])
    assert "no database at" in str(result.exception)


def note(url: str, ago_s: float) -> None:
    evaluation = Evaluation(datetime.now(UTC) - timedelta(seconds=ago_s), "host1:/data")
    engine = connect(url)
    with writing(engine) as connection:
        commit_alerts(connection, AlertBatch(evaluation=evaluation), number=2, now_at=NOW)
    engine.dispose()


def test_an_alert_fires_as_of_the_last_evaluation(url: str) -> None:
    note(url, 1800.0)
    at = datetime.now(UTC) - timedelta(seconds=1800)
    output = call(url, "--tz", "UTC").output
    assert "firing as of " in output
    assert f"The alerter (host1:/data) is not running since {at:%Y-%m-%d}" in output
    body = json.loads(call(url, "--format", "json").output)
    assert (body["evaluated_by"], body["is_current"]) == ("host1:/data", False)
    assert call(url, "--rule", "fear").output.startswith("Nothing was firing as of")


def test_an_alert_that_somebody_watches_fires_now(url: str) -> None:
    note(url, 1.0)
    output = call(url).output
    assert "as of" not in output
    assert "not running" not in output
    assert json.loads(call(url, "--format", "json").output)["is_current"]


def test_rules_that_nobody_evaluated_are_said_to_be_so(url: str) -> None:
    assert "No alerter has evaluated" in call(url).output
