"""What people silence reaches the alerter that works, and its end too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from surveil.events.embedded import EmbeddedRedis
from surveil.store.engine import writing
from surveil.store.scope import Scope
from surveil.store.silences import add_silence, expire_silence

JOY = {
    "name": "joy",
    "when": [{"share": {"emotion": "happy", "over": "1s"}, "above": 0.5}],
    "notify": ["ops"],
}


def test_silenced_alert_is_written_down_and_told_late(
    site: Any, kit: Any, redis_server: EmbeddedRedis
) -> None:
    now = datetime.now(UTC)
    with writing(site.database) as connection:
        id_ = add_silence(
            connection,
            rule="j*",
            camera="*",
            labels={},
            starts_at=now - timedelta(days=1),
            ends_at=now + timedelta(days=1),
            by="night",
            comment="a school visits",
            now=now,
        )
    running = kit.running(site.configure(redis_server.url, rules=[JOY]))
    script = kit.script()
    for event in script.play("nnnhhh"):
        site.publish([event])

    def reasons() -> list[str]:
        query = "select reason from alert_transition where to_state = 'firing' order by id"
        return [reason for (reason,) in site.rows(query)]

    kit.until(lambda: reasons() == [f"silenced by {id_}"])
    assert site.hook.accepted == []
    with writing(site.database) as connection:
        assert expire_silence(connection, Scope.all(), id_, by="night", now=datetime.now(UTC))
        assert not expire_silence(connection, Scope.all(), id_, by="night", now=datetime.now(UTC))
    kit.until(lambda: site.hook.accepted)  # though nothing new was seen
    assert running.stop() == 0
    assert reasons() == [f"silenced by {id_}", "told-late"]
    assert site.hook.types == ["alert.firing"]
    noted = site.rows("select actor, action, subject from audit_log order by id")
    assert [tuple(row) for row in noted] == [
        ("night", "silence", f"silence {id_}"),
        ("night", "expire-silence", f"silence {id_}"),
    ]
