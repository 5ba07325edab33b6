"""``surveil alerts redeliver``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from surveil.cli.alerts import command
from surveil.errors import ConfigError
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import connect, writing
from surveil.store.tables import outbox

NOW = datetime.now(UTC)


@pytest.fixture
def url(sqlite_url: str) -> str:
    """A database with a message that failed, and that the receiver knows a later one of."""
    steps = [
        AlertStep("joy", "lobby", "lobby", before, to, NOW, NOW, 0.7, {}, {}, "", (message,))
        for before, to, message in (
            ("inactive", "firing", OutboxMessage("m1", "ops", {})),
            ("firing", "resolved", OutboxMessage("m2", "ops", {})),
        )
    ]
    engine = connect(sqlite_url)
    with writing(engine) as connection:
        commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=NOW)
        for id_, state in (("m1", "failed"), ("m2", "delivered")):
            connection.execute(sa.update(outbox).where(outbox.c.id == id_).values(state=state))
    engine.dispose()
    return sqlite_url


def call(url: str, *words: str) -> str:
    result = CliRunner().invoke(command, ["redeliver", "--database", url, *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_says_what_is_sent_and_what_is_left_out(url: str) -> None:
    engine = connect(url)
    with engine.connect() as connection:
        (id_,) = connection.scalars(sa.text("select id from alert"))
    engine.dispose()

    left_out = "no message failed that is to be sent\n1 left out: what their receivers were told"
    assert call(url, "--failed").startswith(left_out)
    assert call(url, id_[-8:], "--receiver", "ops") == "1 messages will be sent again\n"
    assert call(url, id_[-8:]) == "no message failed that is to be sent\n"


@pytest.mark.parametrize("words", [[], ["7F3K9A2B", "--failed"]])
def test_wants_either_an_alert_or_all(url: str, words: list[str]) -> None:
    result = CliRunner().invoke(command, ["redeliver", "--database", url, *words])

    assert isinstance(result.exception, ConfigError)
    assert "give the ID of an alert, or --failed" in str(result.exception)
