"""Alert states, history and outbox in SQL, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from surveil.store.alerts import (
    AlertBatch,
    AlertStep,
    OtherAlerterError,
    OutboxMessage,
    commit_alerts,
    load_alerter_state,
    purge_progress,
)
from surveil.store.dead_letters import DeadLetter
from surveil.store.engine import reading, writing
from surveil.store.outbox import abandon, load_due, make_due, settle
from surveil.store.reading import load_active, load_transitions
from surveil.store.scope import Scope

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def step(before: str, after: str, second: int, *ids: str, key: str = "lobby") -> AlertStep:
    camera = None if key == "site" else key.partition(":")[0]
    at = NOW + timedelta(seconds=second)
    messages = tuple(OutboxMessage(i, "ops", {"type": after, "id": i}) for i in ids)
    labels = {"severity": "x"}
    return AlertStep("joy", key, camera, before, after, at, at, 0.7, labels, {}, "", messages)


def commit(database: sa.Engine, number: int, *steps: AlertStep, **fields: Any) -> bool:
    batch = AlertBatch(steps=list(steps), **fields)
    with writing(database) as connection:
        return commit_alerts(connection, batch, number=number, now_at=NOW)


def fetch(database: sa.Engine, query: str) -> list[Any]:
    with reading(database) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def due(database: sa.Engine, seconds: float = 0.0) -> list[str]:
    with reading(database) as connection:
        return [m.id for m in load_due(connection, "ops", NOW + timedelta(seconds=seconds))]


def test_a_batch_is_written_once_however_often_it_is_tried(database: sa.Engine) -> None:
    fired = step("inactive", "firing", 5, "msg_1")

    assert commit(database, 1, fired, progress={"R1": 5})
    assert not commit(database, 1, fired, progress={"R1": 5})
    assert fetch(database, "select from_state, to_state from alert_transition") == [
        ("inactive", "firing")
    ]
    assert fetch(database, "select id, state from outbox") == [("msg_1", "pending")]


def test_a_second_alerter_is_found_out(database: sa.Engine) -> None:
    commit(database, 1, progress={"R1": 5})
    commit(database, 2, progress={"R1": 6})

    with pytest.raises(OtherAlerterError, match="another alerter"):
        commit(database, 2 - 1, step("inactive", "firing", 5))
    with pytest.raises(OtherAlerterError):
        commit(database, 4, step("inactive", "firing", 5))
    assert fetch(database, "select * from alert") == []


def test_each_activation_is_one_row_with_its_history(database: sa.Engine) -> None:
    commit(
        database,
        1,
        step("inactive", "pending", 1),
        step("pending", "firing", 4),
        step("firing", "recovering", 9),
        step("recovering", "firing", 10),
        step("firing", "resolved", 20),
        step("inactive", "pending", 30),
        step("pending", "inactive", 31),
        step("inactive", "firing", 40),
    )
    rows = fetch(database, "select state, fired_at, resolved_at from v_alerts order by since_at")

    assert [row[0] for row in rows] == ["resolved", "inactive", "firing"]
    with reading(database) as connection:
        from surveil.store.tables import alert

        query = sa.select(alert.c.since_at, alert.c.fired_at, alert.c.resolved_at)
        first, second, third = connection.execute(query.order_by(alert.c.since_at)).all()
    at = [NOW + timedelta(seconds=s) for s in range(50)]
    assert tuple(first) == (at[1], at[4], at[20])
    assert tuple(second) == (at[30], None, at[31])
    assert tuple(third) == (at[40], at[40], None)
    assert fetch(database, "select count(*), count(distinct alert_id) from alert_transition") == [
        (8, 3)
    ]


def test_position_and_memories_come_back(database: sa.Engine) -> None:
    data = {"state": "pending", "since_s": 1740830400.25, "latches": [True, False]}
    memories = {("joy", "lobby"): data, ("joy", "desk"): data}
    commit(database, 1, progress={"R1": 5, "R2": 9}, memories=memories)
    commit(database, 2, progress={"R1": 7}, memories={("joy", "desk"): None})

    with reading(database) as connection:
        state = load_alerter_state(connection)
    assert (state.commits, state.committed_at) == (2, NOW)
    assert state.progress == {"R1": 7, "R2": 9}
    assert state.memories == {("joy", "lobby"): data}


def test_positions_of_old_runs_are_purged_and_the_count_of_commits_is_not(
    database: sa.Engine,
) -> None:
    commit(database, 1, progress={"R1": 5})
    with writing(database) as connection:
        assert purge_progress(connection, NOW + timedelta(days=8)) == 1

    with reading(database) as connection:
        assert load_alerter_state(connection).commits == 1


def test_dead_letters_are_kept_once(database: sa.Engine) -> None:
    where = ("alerter", "surveil:events:0", "1-0")
    letter = DeadLetter(*where, {"v": "9\0"}, "format: version", 1, NOW)
    commit(database, 1, dead_letters=[letter])
    commit(database, 2, dead_letters=[letter])

    assert fetch(database, "select consumer_group, entry_id from dead_letter") == [
        ("alerter", "1-0")
    ]


def test_outbox_keeps_the_order_over_alerts_of_one_rule_and_key(database: sa.Engine) -> None:
    commit(
        database,
        1,
        step("inactive", "firing", 1, "fired"),
        step("firing", "resolved", 2, "resolved"),
        step("inactive", "firing", 3, "fired-again"),
        step("inactive", "firing", 3, "other", key="desk"),
    )
    with writing(database) as connection:
        settle(connection, "fired", state="delivered", attempts=1, error=None, delivered_at=NOW)
        later = NOW + timedelta(seconds=60)
        settle(
            connection, "resolved", state="pending", attempts=1, error="e", next_attempt_at=later
        )

    assert due(database) == ["other"], "the next alert waits for the end of the one before"
    assert due(database, 60) == ["resolved", "other"]


def test_outbox_gives_out_what_is_due_and_keeps_the_order_of_each_alert(
    database: sa.Engine,
) -> None:
    commit(
        database,
        1,
        step("inactive", "firing", 1, "fired"),
        step("inactive", "firing", 1, "other", key="desk"),
        step("firing", "resolved", 2, "resolved"),
    )
    assert due(database) == ["fired", "other"]

    with writing(database) as connection:
        later = NOW + timedelta(seconds=60)
        settle(connection, "fired", state="pending", attempts=1, error="e", next_attempt_at=later)
    assert due(database) == ["other"], "resolved waits for fired"
    assert due(database, 60) == ["fired", "other"]

    with writing(database) as connection:
        make_due(connection, "ops", NOW)
    assert due(database) == ["fired", "other"]

    with writing(database) as connection:
        settle(connection, "fired", state="delivered", attempts=2, error=None, delivered_at=NOW)
    assert due(database) == ["other", "resolved"]


def test_a_message_given_up_blocks_nothing(database: sa.Engine) -> None:
    commit(database, 1, step("inactive", "firing", 1, "f"), step("firing", "resolved", 2, "r"))
    with writing(database) as connection:
        settle(connection, "f", state="failed", attempts=9, error="x" * 9999)

    assert due(database) == ["r"]
    assert fetch(database, "select length(last_error) from outbox where id = 'f'") == [(500,)]


def test_what_is_owed_to_removed_receivers_is_given_up(database: sa.Engine) -> None:
    commit(database, 1, step("inactive", "firing", 1, "f"))
    with writing(database) as connection:
        assert abandon(connection, ["ops"]) == 0
        assert abandon(connection, []) == 1
    assert fetch(database, "select state from outbox") == [("failed",)]


def test_an_alert_knows_the_camera_it_is_about(database: sa.Engine) -> None:
    commit(
        database,
        1,
        step("inactive", "firing", 5, key="lobby"),
        step("inactive", "firing", 6, key="site"),
    )

    wanted = [("lobby", "lobby"), ("site", None)]
    for table in ("alert", "alert_transition", "v_alerts"):
        assert fetch(database, f"select key, camera_id from {table} order by key") == wanted


def test_texts_that_sql_cannot_hold_break_no_commit(database: sa.Engine) -> None:
    odd = "a\0b\ud800c"
    told = OutboxMessage("msg_1", "ops", {"labels": {odd: [odd]}})
    fired = AlertStep(
        odd, "lobby", "lobby", "inactive", "firing", NOW, NOW, 0.7, {"who": odd}, {odd: odd}, odd,
        (told,),
    )  # fmt: skip
    commit(database, 1, fired, memories={(odd, "lobby"): {"labels": {"who": odd}}})
    with writing(database) as connection:
        settle(connection, "msg_1", state="pending", attempts=1, error=odd, next_attempt_at=NOW)

    clean = "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    with reading(database) as connection:
        (row,) = load_transitions(connection, Scope.all(), since_at=NOW, rule=odd, limit=9)
        (active,) = load_active(connection, Scope.all(), rule=clean, limit=9)
        state = load_alerter_state(connection)
    assert (row.rule, row.reason, row.deliveries[0].last_error) == (clean, clean, clean)
    assert (active.labels, active.annotations) == ({"who": clean}, {clean: clean})
    assert state.memories == {(clean, "lobby"): {"labels": {"who": clean}}}
