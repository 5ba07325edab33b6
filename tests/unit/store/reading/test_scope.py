"""Nothing of a camera outside of the scope comes out of any question."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from kit.events import after
from kit.lives import lives
from kit.rows import empty_tables

import surveil.store.reading
from surveil.domain import EMOTIONS, Event
from surveil.errors import ConfigError
from surveil.store import reading as questions
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import reading, writing
from surveil.store.ingest import write_batch
from surveil.store.leases import acquire
from surveil.store.marks import Verdict, mark
from surveil.store.reading import Bucket
from surveil.store.reading.alerts import load_fired_within
from surveil.store.reading.cameras import find_holder
from surveil.store.reading.hours import read_hours
from surveil.store.reading.minutes import first_word_at, read_minutes, read_seconds
from surveil.store.scope import Scope
from surveil.store.silences import add_silence
from surveil.store.tables import alert

MINE, OTHER = "lobby", "vault"
KEYS = ("id", "alert_id")
LONG_AGO, FAR_AHEAD = after(-86400), after(86400)
HOURS = [after(10 + 3600 * count) for count in range(-2, 2)]
EDGES = [after(-50), after(10), after(70), after(130)]

ASK: dict[str, Callable[[sa.Connection, Scope], Any]] = {
    "count_fired": lambda c, scope: questions.count_fired(c, scope, since_at=LONG_AGO),
    "count_runs": lambda c, scope: questions.count_runs(c, scope),
    "count_steps": lambda c, scope: [
        number for id_ in all_alerts(c) if (number := questions.count_steps(c, scope, id_, 999))
    ],
    "find_holder": lambda c, scope: [
        host for camera in (MINE, OTHER) if (host := find_holder(c, scope, camera))
    ],
    "find_step": lambda c, scope: [
        True for id_ in all_alerts(c) if questions.find_step(c, scope, id_, 1)
    ],
    "last_step_id": lambda c, scope: bool(questions.last_step_id(c, scope)),
    "list_cameras": lambda c, scope: questions.list_cameras(c, scope),
    "load_active": lambda c, scope: questions.load_active(c, scope, rule=None, limit=100),
    "load_alert": lambda c, scope: [
        one for id_ in all_alerts(c) if (one := questions.load_alert(c, scope, id_))
    ],
    "first_word_at": lambda c, scope: first_word_at(c, scope, LONG_AGO, FAR_AHEAD),
    "load_fired_within": lambda c, scope: load_fired_within(
        c, scope, LONG_AGO, FAR_AHEAD, limit=100
    ),
    "load_present": lambda c, scope: [
        found
        for camera in (MINE, OTHER)
        if (found := questions.load_present(c, scope, camera, since_at=LONG_AGO)) is not None
    ],
    "rank_cameras": lambda c, scope: questions.rank_cameras(
        c, scope, EMOTIONS[3], from_at=EDGES[1], to_at=EDGES[-1], least_votes=1, limit=10
    ),
    "read_minutes": lambda c, scope: [
        int(count)
        for camera in (MINE, OTHER)
        for count in read_minutes(c, scope, camera, EDGES[0], 5, interval_s=1.0).faces
        if count
    ],
    "read_seconds": lambda c, scope: [
        int(count)
        for camera in (MINE, OTHER)
        for counts in read_seconds(c, scope, camera, EDGES[0], 300).values()
        for count in counts
        if count
    ],
    "read_hours": lambda c, scope: [
        sums
        for camera in (MINE, OTHER)
        if any((sums := read_hours(c, scope, camera, HOURS)).votes) or sums.analysed_s
    ],
    "load_evaluation": lambda c, scope: questions.load_evaluation(c, scope),
    "load_fired": lambda c, scope: questions.load_fired(c, scope, rule=None, limit=100),
    "load_gaps": lambda c, scope: questions.load_gaps(c, scope, since_at=LONG_AGO, limit=100),
    "load_last_states": lambda c, scope: questions.load_last_states(c, scope),
    "load_marked": lambda c, scope: questions.load_marked(
        c, scope, Verdict.WRONG, since_at=LONG_AGO, rule=None, limit=100
    ),
    "load_marks": lambda c, scope: [
        mark for id_ in all_alerts(c) for mark in questions.load_marks(c, scope, id_)
    ],
    "load_showing": lambda c, scope: dict(questions.load_showing(c, scope, since_at=LONG_AGO)),
    "load_strips": lambda c, scope: dict(
        questions.load_strips(c, scope, now=after(120), minutes=5)
    ),
    "load_newest": lambda c, scope: questions.load_newest(
        c, scope, rule=None, camera=None, states=(), before=None, limit=100
    ),
    "load_silences": lambda c, scope: questions.load_silences(c, scope, LONG_AGO),
    "load_steps": lambda c, scope: [
        step for id_ in all_alerts(c) for step in questions.load_steps(c, scope, id_, limit=9)
    ],
    "load_steps_after": lambda c, scope: questions.load_steps_after(c, scope, 0, limit=100),
    "load_transitions": lambda c, scope: questions.load_transitions(
        c, scope, since_at=LONG_AGO, rule=None, limit=100
    ),
    "measure_quality": lambda c, scope: questions.measure_quality(
        c, scope, [LONG_AGO, FAR_AHEAD], rule=None
    ),
    "read_timeline": lambda c, scope: [read_one(c, scope, camera) for camera in (MINE, OTHER)],
    "replay": lambda c, scope: list(questions.replay(c, scope, LONG_AGO, FAR_AHEAD)),
}
"""A call of each function of the read side."""


def all_alerts(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(alert.c.id).order_by(alert.c.id)))


def read_one(connection: sa.Connection, scope: Scope, camera: str) -> list[Bucket]:
    try:
        return questions.read_timeline(connection, scope, camera, EDGES, after(200))
    except ConfigError:
        return []


def functions() -> dict[str, Callable[..., Any]]:
    """Return every public function of the read side that asks the database."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules(surveil.store.reading.__path__):
        one = importlib.import_module(f"surveil.store.reading.{module.name}")
        for name, value in inspect.getmembers(one, inspect.isfunction):
            is_ours = value.__module__ == one.__name__ and not name.startswith("_")
            if is_ours and "connection" in inspect.signature(value).parameters:
                found[name] = value
    return found


def test_each_function_is_asked_here() -> None:
    assert sorted(functions()) == sorted(ASK)


@pytest.mark.parametrize("name", ASK)
def test_each_function_demands_a_scope(name: str) -> None:
    scope = inspect.signature(functions()[name]).parameters["scope"]
    assert scope.annotation == "Scope"
    assert scope.default is inspect.Parameter.empty


def commit_some_alerts(connection: sa.Connection, *cameras: str | None) -> None:
    def step(camera: str | None, before: str, to: str, second: float) -> AlertStep:
        key = camera or "site"
        sent = OutboxMessage(f"msg-{key}-{second}", "ops", {"key": key})
        at = after(second)
        return AlertStep("joy", key, camera, before, to, at, at, 0.7, {}, {}, "", (sent,))

    steps = [step(camera, "inactive", "firing", 10) for camera in cameras]
    steps += [step(camera, "firing", "resolved", 20) for camera in cameras]
    steps += [step(camera, "resolved", "firing", 30) for camera in cameras]
    commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=after(40))
    for camera in cameras:
        add_silence(
            connection,
            rule="*",
            camera=camera or "*",
            labels={},
            starts_at=after(40),
            ends_at=after(90),
            by="night",
            comment=f"about {camera}",
            now=after(40),
        )
    for camera in cameras:
        acquire(connection, f"host-of-{camera}", [camera] if camera else [], 60.0)
    for id_ in all_alerts(connection):
        mark(connection, Scope.all(), id_, Verdict.WRONG, by="night", note="", now=after(50))


def answers(database: sa.Engine, scope: Scope) -> dict[str, Any]:
    with reading(database) as connection:
        return {name: without_ids(ask(connection, scope)) for name, ask in ASK.items()}


def without_ids(value: Any) -> Any:
    """Blank the keys that count over all cameras."""
    if isinstance(value, list | tuple):
        return [without_ids(item) for item in value]
    if isinstance(value, dict):
        return {key: without_ids(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {name: without_ids(item) for name, item in fields.items() if name not in KEYS}
    return value


@settings(
    max_examples=15,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(mine=lives(MINE), other=lives(OTHER))
def test_a_scope_of_one_camera_reads_as_if_there_were_no_other(
    sqlite_database: sa.Engine, mine: list[Event], other: list[Event]
) -> None:
    empty_tables(sqlite_database)
    with writing(sqlite_database) as connection:
        write_batch(connection, mine)
        commit_some_alerts(connection, MINE)
    alone = answers(sqlite_database, Scope.all())

    empty_tables(sqlite_database)
    with writing(sqlite_database) as connection:
        write_batch(connection, [*other, *mine])
        commit_some_alerts(connection, OTHER, None, MINE)
    scoped = answers(sqlite_database, Scope.only([MINE]))

    assert scoped == alone
    assert OTHER not in repr(scoped)


@pytest.mark.parametrize("name", ASK)
def test_an_empty_scope_sees_nothing(database: sa.Engine, name: str) -> None:
    with writing(database) as connection:
        commit_some_alerts(connection, MINE, None)
    with reading(database) as connection:
        found = ASK[name](connection, Scope.only([]))
    assert found in (None, False, [], {}, [[], []], questions.RunCounts(0, 0, 0, ()))


def test_an_alert_of_a_site_is_seen_with_all_cameras_alone(database: sa.Engine) -> None:
    with writing(database) as connection:
        commit_some_alerts(connection, MINE, None)
    with reading(database) as connection:
        for name in ("load_active", "load_fired", "load_newest", "load_transitions"):
            some = ASK[name](connection, Scope.only([MINE, OTHER]))
            every = ASK[name](connection, Scope.all())
            assert {one.camera for one in some} == {MINE}
            assert {one.camera for one in every} == {MINE, None}
