"""From the engine's transitions to the rows and messages that they become."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ulid import ULID

from surveil.config import Receiver
from surveil.events.codec import format_at
from surveil.rules import AlertState, Transition
from surveil.store.alerts import AlertStep, OutboxMessage


def step_of(transition: Transition, receivers: Mapping[str, Receiver]) -> AlertStep:
    """Return a transition as it is stored, with a message for each receiver that is configured.

    The ids of the messages are made here, once: they are committed with the transition.
    """
    names = dict.fromkeys(transition.notify) if transition.message else {}
    told = {name: receivers[name] for name in names if name in receivers}
    if transition.message is AlertState.RESOLVED:
        told = {name: receiver for name, receiver in told.items() if receiver.send_resolved}
    payload = payload_of(transition)
    return AlertStep(
        rule=transition.rule,
        key=transition.key.text,
        camera=transition.key.camera or None,
        from_state=transition.from_state.value,
        to_state=transition.to_state.value,
        at=transition.at,
        since_at=transition.since_at,
        value=transition.value,
        labels=transition.labels,
        annotations=transition.annotations,
        reason=transition.cause or transition.withheld,
        messages=tuple(
            OutboxMessage(f"msg_{ULID()}", name, payload, _group_of(transition, receiver))
            for name, receiver in told.items()
        ),
    )


def _group_of(transition: Transition, receiver: Receiver) -> str | None:
    """Return what an alert is grouped by, as JSON; None where each is told alone."""
    if receiver.group_by is None:
        return None
    known = {
        "rule": transition.rule,
        "camera": transition.key.camera or "",
        "key": transition.key.text,
    }
    values = {name: known.get(name, transition.labels.get(name, "")) for name in receiver.group_by}
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def payload_of(transition: Transition) -> dict[str, Any]:
    """Return what receivers get: type, timestamp and data, as Standard Webhooks suggests.

    Names, numbers and the rule's own texts; nothing of what a camera saw, no address, no secret.
    """
    key = transition.key
    data: dict[str, Any] = {
        "rule": transition.rule,
        "key": key.text,
        "state": transition.to_state.value,
        "value": transition.value,
        "threshold": transition.threshold,
        "faces": transition.evidence.faces,
        "coverage": transition.evidence.coverage,
        "since_at": format_at(transition.since_at),
        "at": format_at(transition.at),
        "labels": transition.labels,
        "annotations": transition.annotations,
    }
    if key.camera:
        data["camera"] = key.camera
    if key.label:
        data["label"] = key.label
    if key.run:
        data |= {"run": key.run, "track_id": key.track_id}
    if transition.cause:
        data["reason"] = transition.cause
    kind = "resolved" if transition.to_state is AlertState.RESOLVED else "firing"
    return {"type": f"alert.{kind}", "timestamp": format_at(transition.at), "data": data}
