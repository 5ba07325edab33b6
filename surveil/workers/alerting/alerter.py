"""The alerter process: events in, alert states and messages owed into SQL, messages out.

Loop: read a batch as consumer group ``alerter``, evaluate it, commit what followed together with
the position, acknowledge. Time passes by ticks, but only while everything published has been read:
a backlog says nothing about cameras. Couriers deliver from the outbox in threads of their own.

Killed at any point it goes on as if nothing had happened: what was not committed is read again, and
windows are filled from SQL and from what the streams still hold.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from surveil.baselines import SqlBaselines
from surveil.config import Fleet
from surveil.domain import Event
from surveil.errors import UnavailableError
from surveil.events.consumer import Delivery, EntryId, Unreadable
from surveil.events.embedded import server_url
from surveil.logs import get_logger
from surveil.notify.board import Board
from surveil.rules import RuleEngine, StoredAlert, Transition
from surveil.rules.clock import AHEAD_S, TICK_S
from surveil.rules.engine import lateness_of
from surveil.rules.instance import LIT
from surveil.store.alerts import (
    GROUP,
    AlertBatch,
    AlerterState,
    Evaluation,
    commit_alerts,
    load_alerter_state,
    purge_progress,
)
from surveil.store.dead_letters import DeadLetter
from surveil.store.engine import Database, connect, reading, writing
from surveil.store.outbox import abandon
from surveil.store.reading import replay
from surveil.store.scope import Scope
from surveil.store.upgrading import bring_up
from surveil.wallclock import WatchedClock
from surveil.workers.alerting.alert_intake import Intake
from surveil.workers.alerting.alert_messages import step_of
from surveil.workers.alerting.camera_board import board_of, show_lit
from surveil.workers.alerting.deliveries import Deliveries
from surveil.workers.alerting.silencing import load_in_force
from surveil.workers.alerting.tenure import PLACE, Tenure, TokenFence
from surveil.workers.host.availability import BEAT_S, Availability, StoppedError
from surveil.workers.host.lifeline import Lifeline

COMMIT_EVERY_S = 1.0
"""How long progress without any transition may wait for its commit."""
PURGE_EVERY_S = 3600.0
EVALUATION_EVERY_S = 5.0
"""How often it is noted that the rules are evaluated; `surveil alerts` tells who watches by it."""
COURIERS_END_S = 2.0

_log = get_logger("alerter")


def run(
    fleet: Fleet,
    lifeline: Lifeline,
    *,
    clock: WatchedClock | None = None,
    holder: str | None = None,
) -> int:
    """Work until told to stop; main function of the alerter's process. Returns the exit code.

    With a ``holder``, the name of this host among others, it stands by until it has the lease.
    """
    if holder is None:
        return _run(fleet, lifeline, clock, None)
    tenure = Tenure(fleet, holder, lifeline)
    try:
        tenure.begin()
        return _run(fleet, lifeline, clock, tenure)
    except StoppedError:
        return 0
    finally:
        tenure.end()


def _run(
    fleet: Fleet, lifeline: Lifeline, clock: WatchedClock | None, tenure: Tenure | None
) -> int:
    url = fleet.database.reveal()
    database, outbox_database = connect(url), connect(url)
    redis_url = server_url(fleet.redis, fleet.data_dir)
    place = f"{socket.gethostname()}:{fleet.data_dir}" if tenure is None else PLACE
    intake = Intake(redis_url, fleet.partitions, GROUP, place=place)
    clock = clock or WatchedClock()
    board = board_of(fleet)
    deliveries = Deliveries(
        fleet.receivers, outbox_database, lifeline.telemetry, board=board, now=clock.now
    )
    alerter = Alerter(fleet, lifeline, database, intake, deliveries, board, clock)
    try:
        alerter.restore()
        deliveries.start()
        alerter.work(tenure.goes_on if tenure else lambda: True)
    except StoppedError:
        pass  # what was not committed is read again by the next alerter
    finally:
        deliveries.stop(COURIERS_END_S)
        intake.close()
        database.dispose()
        outbox_database.dispose()
    return 0


class Alerter:
    """The evaluation of rules; everything in it is called from the main thread.

    Args:
        fleet: The configuration.
        lifeline: To the supervisor.
        database: Used by this object alone.
        intake: The streams.
        deliveries: Woken when something is owed; without them this is no alerter.
        board: Told how cameras and alerts stand, for receivers that show it.
        clock: The wall clock.
    """

    def __init__(
        self,
        fleet: Fleet,
        lifeline: Lifeline,
        database: Database,
        intake: Intake,
        deliveries: Deliveries,
        board: Board,
        clock: WatchedClock,
    ) -> None:
        self._fleet = fleet
        self._lifeline = lifeline
        self._telemetry = lifeline.telemetry
        self._database = database
        self._intake = intake
        self._deliveries = deliveries
        self._board = board
        self._clock = clock
        self._cameras = [id_ for id_, camera in fleet.cameras.items() if camera.enabled]
        self._servers = Availability(lifeline)
        labels = {id_: fleet.cameras[id_].labels for id_ in self._cameras}
        self._baselines = SqlBaselines(
            database, fleet.rules, labels, lambda error: self._servers.miss("sql", str(error))
        )
        self._engine = RuleEngine(
            fleet.rules,
            self._cameras,
            start_at=clock.now(),
            labels=labels,
            lateness_s=lateness_of(fleet.interval_s),
            history=self._baselines,
        )
        self._fence = TokenFence()
        self._batch = AlertBatch()
        self._commits = 0
        self._entries: dict[EntryId, Event | None] = {}
        self._counted: Counter[str] = Counter()
        self._is_away = False
        self._next_mono_s = {"tick": 0.0, "commit": 0.0, "purge": 0.0, "evaluation": 0.0}
        self._place = f"{socket.gethostname()}:{fleet.data_dir}"

    def restore(self) -> None:
        """Take up where the last alerter ended, once both servers answer."""
        self._servers.wait_for("sql", lambda: bring_up(self._database))
        state = self._servers.wait_for("sql", self._load)
        self._read_silences(self._clock.now())
        history = self._look_back(state.committed_at) if state.committed_at else []
        self._commits = state.commits
        alerts = [StoredAlert(rule, key, data) for (rule, key), data in state.memories.items()]
        self._take(self._engine.restore(alerts, state.progress, history))
        _log.info(
            "alerter.restored",
            rules=len(self._fleet.rules),
            alerts=len(alerts),
            events=len(history),
        )

    def work(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Evaluate until told to stop, or until it is another's turn."""
        while not self._lifeline.stopping.is_set():
            if not goes_on():
                _log.warning("alerter.lease_lost")
                return  # what is not committed is read again by who holds the lease now
            self._beat()
            self._turn()
            owes = self._batch or self._entries
            if self._batch.steps or (owes and self._is_due("commit", COMMIT_EVERY_S)):
                has_news = any(step.messages for step in self._batch.steps)
                self._commit()
                if has_news:
                    self._deliveries.wake()
        if self._batch or self._entries:
            self._commit()

    def _turn(self) -> None:
        """Read and evaluate one batch, and let time pass if there is no more to read."""
        try:
            deliveries = self._intake.read()
        except UnavailableError as error:
            self._lose(error)
            return
        # After the events were read, which were stamped before.
        now_at = self._follow_clock()
        for delivery in deliveries:
            self._handle(delivery)
        if not self._intake.is_current(deliveries):
            return
        if self._is_away:
            self._is_away = False
            self._engine.resume(now_at)
            self._servers.find("redis")
        self._lifeline.ready()
        if self._is_due("tick", TICK_S):
            self._take(self._engine.tick(now_at))
            self._baselines.prepare(now_at)
            if self._is_due("evaluation", EVALUATION_EVERY_S):
                self._batch.evaluation = Evaluation(now_at, self._place)
                self._read_silences(now_at)
            self._report()

    def _read_silences(self, now_at: datetime) -> None:
        """Take up what people silenced; while SQL is away, what was known goes on."""
        try:
            with reading(self._database) as connection:
                silences = load_in_force(connection, now_at)
        except UnavailableError as error:
            self._servers.miss("sql", str(error))
            return
        self._servers.find("sql")
        self._engine.silences = silences

    def _beat(self) -> None:
        """Promise to go on; not without the couriers."""
        self._deliveries.check()
        self._lifeline.beat(BEAT_S)

    def _follow_clock(self) -> datetime:
        """Tell the engine the time, and return it."""
        now_at, step_s = self._clock.read()
        if step_s:
            _log.warning("clock.set", by_s=round(step_s, 3))
            self._telemetry.count("alerter_clock_steps_total")
        self._engine.tell(now_at, set_by_s=step_s)
        return now_at

    def _lose(self, error: UnavailableError) -> None:
        """Take note that Redis is away; nothing is concluded until it is back."""
        self._servers.miss("redis", str(error))
        self._is_away = True
        self._lifeline.stopping.wait(0.5)

    def _handle(self, delivery: Delivery) -> None:
        event = delivery.event
        if isinstance(event, Unreadable):
            self._entries[delivery.entry_id] = None
            self._telemetry.count("alert_events_dropped_total", cause=event.cause)
            self._batch.dead_letters.append(
                DeadLetter(
                    consumer_group=GROUP,
                    stream=delivery.entry_id.stream,
                    entry_id=delivery.entry_id.id,
                    fields=event.raw,
                    reason=f"{event.cause}: {event.detail}",
                    times_delivered=event.times_delivered,
                    at=self._clock.now(),
                    run_id=event.event.run if event.event else None,
                    seq=event.event.seq if event.event else None,
                )
            )
            return
        self._entries[delivery.entry_id] = event
        if not self._fence.admits(event):
            self._telemetry.count("alert_events_dropped_total", cause="fenced")
            self._entries[delivery.entry_id] = None
            return
        self._board.hear(event)
        self._take(self._engine.observe(event))

    def _take(self, transitions: Iterable[Transition]) -> None:
        """Keep what happened for the next commit."""
        for transition in transitions:
            self._batch.steps.append(step_of(transition, self._fleet.receivers))
            self._telemetry.count(
                "alert_transitions_total", rule=transition.rule, to=transition.to_state.value
            )
            _log.info(
                "alert.changed",
                rule=transition.rule,
                key=transition.key.text,
                state=transition.to_state.value,
                before=transition.from_state.value,
                value=transition.value,
            )
        changes = self._engine.take_changes()
        self._batch.progress |= changes.progress
        self._batch.memories |= {(one.rule, one.key): one.data for one in changes.alerts}

    def _commit(self) -> None:
        """Write the batch, however long SQL is away, then acknowledge its entries."""
        number, now_at = self._commits + 1, self._clock.now()
        purges = self._is_due("purge", PURGE_EVERY_S)

        def write() -> None:
            with writing(self._database) as connection:
                commit_alerts(connection, self._batch, number=number, now_at=now_at)
                if purges:
                    purge_progress(connection, now_at)
                    abandon(connection, list(self._fleet.receivers))

        self._servers.wait_for("sql", write, meanwhile=self._deliveries.check)
        self._commits, self._batch = number, AlertBatch()
        show_lit(self._board, self._engine.alerts())
        done = [
            entry_id
            for entry_id, event in self._entries.items()
            if event is None or not self._engine.holds(event)
        ]
        for entry_id in done:
            del self._entries[entry_id]
        try:
            self._intake.ack(done)
        except UnavailableError as error:
            self._lose(error)  # the entries come again, and are known by their position

    def _report(self) -> None:
        firing = Counter({rule.name: 0 for rule in self._fleet.rules})
        for alert in self._engine.alerts():
            firing[alert.rule.name] += alert.state in LIT
        for rule, count in firing.items():
            self._telemetry.gauge("alerts_firing", count, rule=rule)
        newest_at = self._engine.newest_at
        if newest_at is not None:
            lag_s = (self._clock.now() - newest_at).total_seconds()
            self._telemetry.gauge("alert_evaluation_lag_seconds", max(0.0, lag_s))
        for cause, count in self._engine.drops.items():
            if count > self._counted[cause]:
                self._telemetry.count(
                    "alert_events_dropped_total", count - self._counted[cause], cause=cause
                )
                self._counted[cause] = count

    def _look_back(self, committed_at: datetime) -> list[Event]:
        """Return the events that fill the windows as they were at the last commit."""
        since_at = committed_at - timedelta(seconds=self._engine.horizon_s + AHEAD_S)
        until_at = committed_at + timedelta(seconds=AHEAD_S)
        # In this order: what the recorder stores meanwhile is then in one of them, or in both.
        published = self._servers.wait_for(
            "redis", lambda: self._intake.look_back(since_at, until_at)
        )
        return published + self._servers.wait_for(
            "sql", lambda: self._load_events(since_at, until_at)
        )

    def _load(self) -> AlerterState:
        with reading(self._database) as connection:
            return load_alerter_state(connection)

    def _load_events(self, since_at: datetime, until_at: datetime) -> list[Event]:
        with reading(self._database) as connection:
            return list(replay(connection, Scope.only(self._cameras), since_at, until_at))

    def _is_due(self, what: str, every_s: float) -> bool:
        """Return whether it is time for something, and set its next time."""
        now_s = time.monotonic()
        is_due = now_s >= self._next_mono_s[what]
        if is_due:
            self._next_mono_s[what] = now_s + every_s
        return is_due
