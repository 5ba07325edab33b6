"""What must outlive the engine's process of the alerts that are not at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Any

from surveil.rules.instance import LIT, AlertState, Instance, Transition
from surveil.rules.keys import By, Key
from surveil.rules.model import Rule
from surveil.rules.tree import marks_of


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert as it is stored; ``data`` is JSON, or None where nothing is left to store."""

    rule: str
    key: str
    data: Mapping[str, Any] | None


def to_stored(instance: Instance) -> StoredAlert:
    """Return what is to be stored of an alert, as of its last step."""
    key = instance.key
    instance.stored_s = instance.evaluated_s
    if instance.is_plain:
        return StoredAlert(instance.rule.name, key.text, None)
    data = {
        "by": key.by.value,
        "camera": key.camera,
        "run": key.run,
        "track_id": key.track_id,
        "label": key.label,
        "state": instance.state.value,
        "since_s": instance.since_s,
        "state_s": instance.state_s,
        "evaluated_s": instance.evaluated_s,
        "seen_s": instance.seen_s if key.by is By.TRACK else None,
        "is_known": instance.is_known,
        "latches": list(instance.latches),
        "marks": [mark_s if isfinite(mark_s) else None for mark_s in instance.marks],
        "value": instance.value,
        "threshold": instance.threshold,
        "labels": dict(instance.rule.labels),
        "notify": list(instance.told),
        "withheld": instance.withheld,
    }
    return StoredAlert(instance.rule.name, key.text, data)


def fingerprint(instance: Instance) -> tuple[object, ...]:
    """Return what :func:`to_stored` must not lose: while it is the same, nothing need be stored."""
    return (
        instance.state,
        instance.state_s,
        instance.latches,
        instance.is_known,
        instance.withheld,
        instance.marks,
    )


def from_stored(stored: StoredAlert, rule: Rule) -> Instance | None:
    """Return the alert that was stored, or None if the rule no longer has such keys.

    A rule whose conditions changed in number keeps its alerts and loses their hysteresis.
    """
    data = stored.data or {}
    key = _key_of(data)
    if key.by is not rule.by:
        return None
    count, marks = len(rule.conditions), marks_of(rule.when)
    marked = tuple(-inf if at_s is None else float(at_s) for at_s in data.get("marks", ()))
    latches = tuple(bool(latch) for latch in data["latches"])
    return Instance(
        rule=rule,
        key=key,
        latches=latches if len(latches) == count else (False,) * count,
        state=AlertState(data["state"]),
        since_s=float(data["since_s"]),
        state_s=float(data["state_s"]),
        evaluated_s=float(data["evaluated_s"]),
        seen_s=float(data["seen_s"] or 0.0),
        is_known=bool(data["is_known"]),
        marks=marked if len(marked) == marks else (-inf,) * marks,
        value=data["value"],
        threshold=data["threshold"],
        told=tuple(data["notify"]),
        withheld=data.get("withheld", ""),
    )


def end_orphan(stored: StoredAlert, at: datetime) -> Transition | None:
    """Return the end of an alert whose rule or camera is no longer configured."""
    data = stored.data or {}
    state = AlertState(data["state"])
    if state in (AlertState.INACTIVE, AlertState.RESOLVED):
        return None
    return Transition(
        rule=stored.rule,
        key=_key_of(data),
        from_state=state,
        to_state=AlertState.RESOLVED if state in LIT else AlertState.INACTIVE,
        at=at,
        since_at=datetime.fromtimestamp(data["since_s"], UTC),
        value=data["value"],
        threshold=data["threshold"],
        labels=dict(data["labels"]),
        annotations={},
        notify=tuple(data["notify"]),
        cause="rule-removed",
    )


def _key_of(data: Mapping[str, Any]) -> Key:
    return Key(
        By(data["by"]), data["camera"], data["run"], int(data["track_id"]), data.get("label", "")
    )
