"""Tell the states of cameras while inference loads, so that nobody takes loading for blindness."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping

from surveil.domain import CameraState
from surveil.events.spool import Draft, Spool
from surveil.policy import Policy
from surveil.sources.ring import FrameRing
from surveil.sources.statelog import StateRecord
from surveil.workers.host.lifeline import Telemetry
from surveil.workers.inferring.camera_runs import draft_state

EVERY_S = 0.25
LAST_STATES_S = 1.5
"""For how long the last states are waited for when all is to end: captures end first."""

_OVER = (CameraState.OFFLINE, CameraState.STOPPED)


class Announcer:
    """Spools states with reason ``starting``, in a thread, until told that inference is ready.

    The spool notes how far the states of a run were told, so the loop that follows goes on there.

    Args:
        rings: Camera id to its ring; read only.
        policies: Camera id to what may be told of it.
        spool: Where to.
        telemetry: Counts what the spool's disk refuses.
        wake: Called when there is something to publish.
    """

    def __init__(
        self,
        rings: Mapping[str, FrameRing],
        policies: Mapping[str, Policy],
        spool: Spool,
        telemetry: Telemetry,
        wake: Callable[[], None],
    ) -> None:
        self._rings = rings
        self._policies = policies
        self._spool = spool
        self._telemetry = telemetry
        self._wake = wake
        self._told = dict.fromkeys(rings, 0)
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, stopping: threading.Event, leave: Callable[[], None]) -> None:
        """Start the thread.

        Args:
            stopping: Set when the worker is to end, perhaps while its main thread still loads.
            leave: Called then, once the last states are in the spool.
        """
        self._thread = threading.Thread(
            target=self._run, args=(stopping, leave), name="announcer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread: inference is ready, and tells the states itself from here on."""
        if self._done.is_set():
            return
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        self.tell()

    def tell(self) -> None:
        """Spool the states that are new."""
        drafts: list[Draft] = []
        told = dict(self._told)
        for camera, ring in self._rings.items():
            for record in ring.states(told[camera]):
                told[camera] = record.index
                if record.index > self._spool.mark(record.run).last_state_index:
                    policy = self._policies[camera]
                    drafts.append(draft_state(camera, record, policy, is_starting=True))
        try:
            refused = self._spool.append(drafts).refused if drafts else 0
        except sqlite3.Error:
            self._telemetry.count("spool_errors_total")
            return  # again with the next round, or by the loop
        if refused:
            self._telemetry.count("events_refused_total", refused, cause="spool-full")
        self._told = told
        if drafts:
            self._wake()

    def _run(self, stopping: threading.Event, leave: Callable[[], None]) -> None:
        while not self._done.wait(EVERY_S):
            self.tell()
            if stopping.is_set():
                self._tell_last()
                leave()
                return

    def _tell_last(self) -> None:
        until_mono_s = time.monotonic() + LAST_STATES_S
        while time.monotonic() < until_mono_s and not all(map(_is_over, self._rings.values())):
            if self._done.wait(EVERY_S / 5):
                return
        self.tell()


def _is_over(ring: FrameRing) -> bool:
    records: list[StateRecord] = ring.states()
    return bool(records) and records[-1].state in _OVER
