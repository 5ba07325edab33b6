"""A rule that fails, alone: it is put out of work, and that is an alert of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from surveil.rules.instance import AlertState as State
from surveil.rules.instance import Instance, Transition
from surveil.rules.keys import By, Key
from surveil.rules.model import FAILED, Rule
from surveil.rules.stored import StoredAlert, to_stored

MAX_REASON = 300


def failure_of(rule: Rule, reason: str, at_s: float) -> tuple[Transition, StoredAlert]:
    """Return the alert that a rule failed, with the key ``rule=NAME``, and what to store of it.

    It is told to whom the rule tells, with the rule's labels, and ends when the rules are next
    read: at a restart, or when their files change.

    Args:
        rule: The one that failed.
        reason: Why, in a line.
        at_s: When, in seconds since the epoch.
    """
    told = rule.model_copy(
        update={
            "name": FAILED,
            "annotations": {},
            "by": By.LABEL,
            "label": "rule",
        }
    )
    alert = Instance(
        rule=told,
        key=Key(By.LABEL, label=f"rule={rule.name}"),
        latches=(),
        state=State.FIRING,
        since_s=at_s,
        state_s=at_s,
        evaluated_s=at_s,
        told=rule.notify,
    )
    at = datetime.fromtimestamp(at_s, UTC)
    summary = f"rule {rule.name} is out of work: {reason[:MAX_REASON]}"
    step = Transition(
        rule=FAILED,
        key=alert.key,
        from_state=State.INACTIVE,
        to_state=State.FIRING,
        at=at,
        since_at=at,
        value=None,
        threshold=None,
        labels=dict(rule.labels),
        annotations={"summary": summary},
        notify=rule.notify,
        cause="rule-failed",
    )
    return step, to_stored(alert)
