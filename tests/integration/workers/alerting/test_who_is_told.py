"""Whoever was told that an alert fires is told of its end, whatever happened in between."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from surveil.config import Fleet, Receiver
from surveil.events.embedded import EmbeddedRedis
from surveil.store.engine import writing
from surveil.store.silences import add_silence

JOY = {
    "name": "joy",
    "when": [{"share": {"emotion": "happy", "over": "2s"}, "above": 0.5}],
    "notify": ["ops"],
}


def silence_all(site: Any) -> None:
    now = datetime.now(UTC)
    with writing(site.database) as connection:
        add_silence(
            connection, rule="j*", camera="*", labels={}, starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=1), by="night", comment="quiet", now=now,
        )  # fmt: skip


@pytest.mark.parametrize("rules", [[{**JOY, "notify": []}], []], ids=["other-receivers", "removed"])
def test_the_end_is_told_after_a_restart_a_silence_and_a_change_of_rules(
    site: Any, kit: Any, redis_server: EmbeddedRedis, rules: list[dict[str, Any]]
) -> None:
    first = kit.running(site.configure(redis_server.url, rules=[JOY]))
    script = kit.script()
    site.publish(script.play("nnnhhh"))
    kit.until(lambda: site.hook.types == ["alert.firing"])
    assert first.stop() == 0
    silence_all(site)
    second = kit.running(site.configure(redis_server.url, rules=rules))
    script.jump_ahead()
    site.publish(script.play("nnnn"))
    kit.until(lambda: site.hook.types == ["alert.firing", "alert.resolved"])
    assert second.stop() == 0


def test_who_wants_no_end_and_who_wants_groups_are_told_so(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    rules = [JOY, {**JOY, "name": "more-joy"}]
    fleet: Fleet = site.configure(redis_server.url, rules=rules)
    written = json.loads(fleet.receivers["ops"].model_dump_json(context={"reveal_secrets": True}))
    fields = {"webhook": written["webhook"], "send_resolved": False}
    fields |= {"group_by": ["camera"], "wait": "1s", "interval": "1s"}
    ops = Receiver.model_validate(fields)
    running = kit.running(fleet.model_copy(update={"receivers": {"ops": ops}}))
    script = kit.script()
    site.publish(script.play("nnnhhhnnnn"))

    def told() -> list[str]:
        bodies = [json.loads(body) for _, _, body in site.hook.accepted]
        assert {body["type"] for body in bodies} <= {"alert.group"}
        return sorted(one["data"]["rule"] for body in bodies for one in body["data"]["alerts"])

    kit.until(lambda: told() == ["joy", "more-joy"])
    ended = "select 1 from alert_transition where to_state = 'resolved'"
    kit.until(lambda: len(site.rows(ended)) == 2)
    assert running.stop() == 0
    assert told() == ["joy", "more-joy"]
