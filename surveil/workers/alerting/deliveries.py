"""Couriers over the outbox in SQL; their threads live in the alerter's process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from surveil.config.receivers import Receiver as ReceiverConfig
from surveil.logs import get_logger
from surveil.notify import Courier
from surveil.notify.board import Board
from surveil.notify.circuit import CircuitState
from surveil.notify.registry import make_receiver
from surveil.reminders import Reminder
from surveil.store.engine import Database
from surveil.wallclock import WatchedClock
from surveil.workers.alerting.sql_outbox import SqlOutbox
from surveil.workers.host.lifeline import Telemetry

OPENNESS = {CircuitState.CLOSED: 0.0, CircuitState.HALF_OPEN: 0.5, CircuitState.OPEN: 1.0}

_log = get_logger("alerter")


class Deliveries:
    """All couriers of the alerter.

    Args:
        receivers: By name.
        database: Used by the couriers alone.
        telemetry: Counts ``alert_deliveries_total``.
        board: How cameras stand, for receivers that show it.
        now: The wall clock.
    """

    def __init__(
        self,
        receivers: Mapping[str, ReceiverConfig],
        database: Database,
        telemetry: Telemetry,
        *,
        board: Board | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._telemetry = telemetry
        self._stopping = threading.Event()
        self._faults: dict[str, str] = {}
        self._couriers = [
            Courier(
                name,
                make_receiver(config.kind, config.settings),
                SqlOutbox(database, name, config),
                self._counter(name),
                on_circuit=partial(self._show_circuit, name),
                snapshot=None if board is None else partial(board.read, name),
                clock=WatchedClock(now=now),
            )
            for name, config in receivers.items()
        ]
        # Daemons: an attempt under way must not hold up the end; its message is tried again.
        self._threads = [
            threading.Thread(
                target=self._run,
                args=(courier,),
                name=f"courier-{courier.name}",
                daemon=True,
            )
            for courier in self._couriers
        ]

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that something new is owed."""
        for courier in self._couriers:
            courier.wake.set()

    def stop(self, wait_s: float) -> None:
        """End; attempts under way get ``wait_s`` in all."""
        self._stopping.set()
        self.wake()
        started = [thread for thread in self._threads if thread.is_alive()]
        for thread in started:
            thread.join(wait_s / len(started))

    def check(self) -> None:
        """Raise if a courier ended of a fault in the program.

        Raises:
            RuntimeError: Its receiver would never be told anything again: a worker that goes on
                without it keeps no promise.
        """
        for name, fault in self._faults.items():
            raise RuntimeError(f"the deliveries to {name} ended: {fault}")

    def _run(self, courier: Courier) -> None:
        """Deliver; main function of a courier's thread."""
        try:
            courier.run(self._stopping)
        except Exception as error:  # noqa: BLE001  counted, and the end of this worker
            _log.exception("courier.failed", receiver=courier.name)
            self._telemetry.count("alert_couriers_failed_total", receiver=courier.name)
            self._faults[courier.name] = type(error).__name__

    def _show_circuit(self, name: str, state: CircuitState) -> None:
        self._telemetry.gauge("alert_receiver_circuit", OPENNESS[state], receiver=name)

    def _counter(self, name: str) -> _CountAttempt:
        return _CountAttempt(name, self._telemetry)


class _CountAttempt:
    """Counts each attempt of one receiver, and logs where it begins and ends to fail."""

    def __init__(self, name: str, telemetry: Telemetry) -> None:
        self._name = name
        self._telemetry = telemetry
        self._trouble = Reminder()

    def __call__(self, outcome: str, detail: str) -> None:
        self._telemetry.count("alert_deliveries_total", receiver=self._name, outcome=outcome)
        if outcome == "failed":
            _log.error("alert.undeliverable", receiver=self._name, reason=detail)
        elif outcome in ("retried", "unshown") and self._trouble.is_due():
            tries = self._trouble.tries
            _log.warning("receiver.failing", receiver=self._name, reason=detail, tries=tries)
        elif outcome == "delivered" and self._trouble.end():
            _log.info("receiver.recovered", receiver=self._name)
