"""What must be stored of the engine, gathered until somebody asks."""

from __future__ import annotations

from dataclasses import dataclass

from surveil.rules.instance import Instance
from surveil.rules.stored import StoredAlert, to_stored

SERVED_EVERY_S = 1.0
"""How much of the time that an alert served by the clock alone a killed process may lose."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since it was last asked for; to be committed with the transitions.

    Attributes:
        progress: Per run the last ``seq`` that was evaluated.
        alerts: Those to store, or to forget.
    """

    progress: dict[str, int]
    alerts: list[StoredAlert]

    def __bool__(self) -> bool:
        return bool(self.progress or self.alerts)


class ChangeLog:
    """Changes of alerts and of the position, the newest of each."""

    def __init__(self) -> None:
        self._progress: dict[str, int] = {}
        self._changed: dict[tuple[str, str], StoredAlert] = {}
        self._stored: set[tuple[str, str]] = set()

    def know(self, stored: StoredAlert) -> None:
        """Take note that an alert is stored already."""
        self._stored.add((stored.rule, stored.key))

    def pass_by(self, run: str, seq: int) -> None:
        """Take note that a run was evaluated up to an event."""
        self._progress[run] = seq

    def note(self, instance: Instance) -> None:
        """Store an alert as it is, unless it is at rest and not stored."""
        known = (instance.rule.name, instance.key.text)
        if not instance.is_plain or known in self._stored or known in self._changed:
            self._changed[known] = to_stored(instance)

    def note_served(self, instance: Instance) -> None:
        """Store an alert whose time runs by the clock alone, now and then.

        Without intervals nothing else tells a later engine how long it was watched.
        """
        if instance.is_timed and instance.evaluated_s - instance.stored_s >= SERVED_EVERY_S:
            self.note(instance)

    def keep(self, stored: StoredAlert) -> None:
        """Store an alert that the engine itself does not hold."""
        self._changed[stored.rule, stored.key] = stored

    def forget(self, stored: StoredAlert) -> None:
        """Let go of an alert that is stored."""
        self._changed[stored.rule, stored.key] = StoredAlert(stored.rule, stored.key, None)

    def take(self) -> Changes:
        """Return all since the last call."""
        changes = Changes(self._progress, list(self._changed.values()))
        for stored in changes.alerts:
            known = (stored.rule, stored.key)
            (self._stored.discard if stored.data is None else self._stored.add)(known)
        self._progress, self._changed = {}, {}
        return changes
