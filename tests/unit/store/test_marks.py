"""Acknowledgements and verdicts of people: who may say what of which alert, and what is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from kit.events import CameraLife, after, make_vote

from surveil.domain import CameraState, Emotion
from surveil.errors import ConfigError
from surveil.store.alerts import AlertBatch, AlertStep, commit_alerts
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.marks import Verdict, acknowledge, mark
from surveil.store.reading import (
    MarkRow,
    load_fired,
    load_marked,
    load_marks,
    measure_quality,
)
from surveil.store.scope import Scope
from surveil.store.tables import alert, alert_transition

ALL = Scope.all()
NOW = after(500)


def step(camera: str | None, before: str, to: str, second: float, rule: str = "joy") -> AlertStep:
    at = after(second)
    return AlertStep(rule, camera or "site", camera, before, to, at, at, 0.7, {}, {}, "", ())


def commit(database: sa.Engine, *steps: AlertStep) -> list[str]:
    """Write steps; return the ids of all alerts, in the order in which they began."""
    with writing(database) as connection:
        commit_alerts(connection, AlertBatch(steps=list(steps)), number=1, now_at=NOW)
    with reading(database) as connection:
        query = sa.text("select id from alert order by since_at, rule, key")
        return list(connection.scalars(query))


def test_the_first_acknowledgement_stands_and_all_are_kept(database: sa.Engine) -> None:
    (id_,) = commit(database, step("lobby", "inactive", "firing", 10))
    with writing(database) as connection:
        assert acknowledge(connection, ALL, id_, by="ana", note="on my way", now=NOW)
        later = NOW + timedelta(seconds=9)
        assert not acknowledge(connection, ALL, id_, by="ben", note="", now=later)
    with reading(database) as connection:
        (alert,) = load_fired(connection, ALL, rule=None, limit=9)
        said = load_marks(connection, ALL, id_)
        audit = connection.execute(sa.text("select actor, action, subject from audit_log")).all()
    assert (alert.acknowledged_at, alert.acknowledged_by, alert.verdict) == (NOW, "ana", None)
    assert said == [
        MarkRow("acknowledged", "ana", NOW, "on my way"),
        MarkRow("acknowledged", "ben", later, ""),
    ]
    assert [tuple(row) for row in audit] == [
        (who, "mark-alert", f"alert {id_}") for who in ("ana", "ben")
    ]


def test_the_last_verdict_counts_and_all_are_kept(database: sa.Engine) -> None:
    (id_,) = commit(database, step("lobby", "inactive", "firing", 10))
    with writing(database) as connection:
        mark(connection, ALL, id_, Verdict.WRONG, by="ana", note="a poster", now=NOW)
        mark(connection, ALL, id_[-8:].lower(), Verdict.RIGHT, by="ben", note="", now=NOW)
    with reading(database) as connection:
        (alert,) = load_fired(connection, ALL, rule=None, limit=9)
        assert alert.verdict == "right"
        assert [one.kind for one in load_marks(connection, ALL, id_)] == ["wrong", "right"]


def test_what_cannot_be_meant_is_refused(database: sa.Engine) -> None:
    steps = (step("lobby", "inactive", "firing", 10), step("desk", "inactive", "pending", 20))
    fired, pending = commit(database, *steps)
    refusals = [
        ("01NOSUCHALERT", "no alert '01NOSUCHALERT'"),
        (fired[-5:], "no alert"),
        ("%" * 8, "no alert"),
        (pending, "has not fired"),
    ]
    for id_, message in refusals:
        with writing(database) as connection, pytest.raises(ConfigError, match=message):
            mark(connection, ALL, id_, Verdict.RIGHT, by="ana", note="", now=NOW)


def test_an_end_that_several_ids_have_needs_the_whole(database: sa.Engine) -> None:
    commit(database, step("lobby", "inactive", "firing", 10), step("desk", "inactive", "firing", 9))
    with writing(database) as connection:
        connection.execute(sa.delete(alert_transition))
        for key, id_ in (("lobby", "A1234567"), ("desk", "B1234567")):
            connection.execute(sa.update(alert).where(alert.c.key == key).values(id=id_))
        with pytest.raises(ConfigError, match="several alerts end in 234567"):
            mark(connection, ALL, "234567", Verdict.RIGHT, by="ana", note="", now=NOW)
        mark(connection, ALL, "A1234567", Verdict.RIGHT, by="ana", note="", now=NOW)


@pytest.mark.parametrize("camera", ["lobby", None])
def test_alerts_out_of_scope_are_unknown(database: sa.Engine, camera: str | None) -> None:
    (id_,) = commit(database, step(camera, "inactive", "firing", 10))
    for scope in (Scope.only(["desk"]), Scope.only([])):
        with writing(database) as connection, pytest.raises(ConfigError, match="no alert"):
            acknowledge(connection, scope, id_, by="ana", note="", now=NOW)
    with reading(database) as connection:
        assert load_marks(connection, ALL, id_) == []


def test_quality_counts_by_rule_and_time(database: sa.Engine) -> None:
    steps = []
    for n in range(6):
        at = 10.0 * n
        steps += [step("lobby", "inactive", "firing", at), step("lobby", "firing", "resolved", at)]
    steps.append(step("lobby", "inactive", "firing", 45, rule="anger"))
    steps.append(step("lobby", "inactive", "pending", 46, rule="dread"))
    ids = commit(database, *steps)
    verdicts = {0: "right", 1: "right", 2: "wrong", 4: "unclear"}
    with writing(database) as connection:
        for n, verdict in verdicts.items():
            mark(connection, ALL, ids[n], Verdict(verdict), by="ana", note="", now=NOW)
    with reading(database) as connection:
        rows = measure_quality(connection, ALL, [after(0), after(30), after(60)], rule=None)
        (one,) = measure_quality(connection, ALL, [after(0), after(60)], rule="joy")
    found = [(r.rule, r.from_at, r.fired, r.right, r.wrong, r.unclear) for r in rows]
    assert found == [
        ("anger", after(30), 1, 0, 0, 0),
        ("joy", after(0), 3, 2, 1, 0),
        ("joy", after(30), 3, 0, 0, 1),
    ]
    assert one.precision == pytest.approx(2 / 3)
    assert one.interval == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert rows[2].precision is None


def test_what_the_model_said_is_shown_beside_a_mark(database: sa.Engine) -> None:
    life = CameraLife("lobby").says(0, CameraState.LIVE)
    for second in range(100):
        emotion = Emotion.HAPPY if second < 80 else Emotion.SAD
        life.sees(second, second + 1, make_vote(1, emotion, 0.75))
    with writing(database) as connection:
        write_batch(connection, life)
    lobby, site = commit(
        database, step("lobby", "inactive", "firing", 80), step(None, "inactive", "firing", 90)
    )
    with writing(database) as connection:
        for id_ in (lobby, site):
            mark(connection, ALL, id_, Verdict.WRONG, by="ana", note="a poster", now=NOW)
    with reading(database) as connection:
        about_one, about_all = load_marked(
            connection, ALL, Verdict.WRONG, since_at=after(0), rule=None, limit=9
        )
        assert not load_marked(
            connection, ALL, Verdict.RIGHT, since_at=after(0), rule=None, limit=9
        )
    # The minute in which it fired: from the 70th second on.
    assert [(one.emotion, one.votes) for one in about_one.said] == [("sad", 20), ("happy", 10)]
    assert about_one.said[0].confidence == pytest.approx(0.75, abs=1e-3)
    assert (about_one.mark.note, about_all.said) == ("a poster", ())
