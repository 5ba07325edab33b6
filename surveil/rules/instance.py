"""One alert: a rule applied to one key, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import inf, isfinite
from typing import Protocol

from surveil.rules.instants import reaches
from surveil.rules.keys import By, Key
from surveil.rules.logic import Judgement, Truth
from surveil.rules.model import NoData, Rule
from surveil.rules.template import TemplateValue, render


class AlertState(StrEnum):
    """Where an alert stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


ACTIVE = (AlertState.PENDING, AlertState.FIRING, AlertState.RECOVERING)
LIT = (AlertState.FIRING, AlertState.RECOVERING)
"""States of an alert that receivers have been told of."""


class Context(Protocol):
    """What is known around an alert at the instant of a step; asked only where it matters."""

    def withheld(self) -> str:
        """Return why nobody is to be told that it fires: a mute, a silence; empty for no reason."""

    def evidence(self) -> Evidence:
        """Return on how much the rule's word rests."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """On how much a rule's word rests, over its longest window; None where it has none.

    Attributes:
        faces: Median number of faces.
        coverage: Part that was analysed, 0..1.
    """

    faces: float | None = None
    coverage: float | None = None


class _Nothing:
    """The context of an alert that ends with its subject."""

    def withheld(self) -> str:
        return ""

    def evidence(self) -> Evidence:
        return Evidence()


NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Transition:
    """An alert's step from one state to another.

    Attributes:
        at: Event time of the step; the wall clock's for rules of ``health`` alone.
        since_at: Since when the condition held without a break when the alert became active.
        value: What was measured, if it could be.
        cause: Empty for the rule's own doing, else ``track-ended``, ``off-schedule``,
            ``rule-failed`` or ``rule-removed``.
        withheld: Why nobody is told of it: ``muted by RULE``, ``silenced by ID``; or empty.
        evidence: On how much it rests.
        notify: Receivers to tell, if :attr:`message` says so: of its end those told of its start.
    """

    rule: str
    key: Key
    from_state: AlertState
    to_state: AlertState
    at: datetime
    since_at: datetime
    value: float | None
    threshold: float | None
    labels: dict[str, str]
    annotations: dict[str, str]
    notify: tuple[str, ...]
    cause: str = ""
    withheld: str = ""
    evidence: Evidence = Evidence()

    @property
    def message(self) -> AlertState | None:
        """What receivers are told: firing, resolved, or nothing (an alert that flares up again)."""
        if self.withheld:
            return None
        if self.to_state is AlertState.FIRING:
            return None if self.from_state is AlertState.RECOVERING else AlertState.FIRING
        lit = self.from_state in LIT and self.to_state is AlertState.RESOLVED
        return AlertState.RESOLVED if lit else None


@dataclass(slots=True, kw_only=True)
class Instance:
    """One rule and key, stepped at growing instants (seconds since the epoch).

    Attributes:
        since_s: Since when the condition held when the alert became active.
        state_s: When what led to the present state began, moved on by the time spent unknown.
        evaluated_s: Instant of the last step.
        seen_s: When its track was last seen, for keys that are tracks.
        latches: Per condition, whether it was true when last known.
        marks: Of its sequences; see :class:`surveil.rules.logic.Judgement`.
        is_known: Whether the last step knew the condition's truth.
        told: Receivers that were told that it fires, and are to be told of its end.
        withheld: Why nobody was told that it fires.
        stored_s: ``evaluated_s`` when it was last stored.
    """

    rule: Rule
    key: Key
    latches: tuple[bool, ...]
    state: AlertState = AlertState.INACTIVE
    since_s: float = 0.0
    state_s: float = 0.0
    evaluated_s: float = float("-inf")
    seen_s: float = float("-inf")
    is_known: bool = False
    value: float | None = None
    threshold: float | None = None
    marks: tuple[float, ...] = ()
    told: tuple[str, ...] = ()
    withheld: str = ""
    stored_s: float = float("-inf")

    @property
    def is_plain(self) -> bool:
        """Whether nothing would be lost by forgetting it."""
        is_at_rest = self.state not in ACTIVE and not any(self.latches)
        return is_at_rest and not any(isfinite(mark_s) for mark_s in self.marks)

    @property
    def is_timed(self) -> bool:
        """Whether time served in this state leads to another one."""
        return self.state in (AlertState.PENDING, AlertState.RECOVERING)

    def step(
        self,
        judgement: Judgement,
        at_s: float,
        *,
        began_s: float,
        is_warm: bool,
        patience_s: float,
        context: Context = NOTHING,
    ) -> Transition | None:
        """Take what the conditions came to at an instant.

        Args:
            judgement: The conditions' truth and value.
            at_s: Not before the last step.
            began_s: Since when it speaks: an interval tells of all of its time, so a state
                that it makes known began with it. At most ``at_s``.
            is_warm: False while the engine has not watched long enough for a lack of data to
                mean anything; ``no_data`` then holds, whatever the rule says.
            patience_s: A longer pause between two steps counts as time not known.
            context: What is known around it.
        """
        truth = self._settle(judgement.truth, is_warm=is_warm)
        began_s = min(at_s, max(began_s, self.evaluated_s))
        if self.is_timed:
            # Neither the time to fire nor the time to recover runs while nothing is known.
            pause_s = at_s - self.evaluated_s
            is_whole = self.is_known and not pause_s > patience_s
            known_s = 0.0 if truth is None else pause_s if is_whole else at_s - began_s
            self.state_s += pause_s - known_s
        self.evaluated_s, self.is_known = at_s, truth is not None
        self.latches, self.marks = judgement.latches, judgement.marks
        if judgement.truth is not None:
            self.value, self.threshold = judgement.value, judgement.threshold
        target = self._target(truth, at_s - self.state_s)
        if target is self.state:
            return self._tell_late(at_s, context)
        return self._enter(target, at_s, began_s, context=context)

    def move(self, by_s: float) -> None:
        """Follow a clock that was set."""
        self.since_s += by_s
        self.state_s += by_s
        self.evaluated_s += by_s
        self.seen_s += by_s
        self.marks = tuple(mark_s + by_s for mark_s in self.marks)
        self.stored_s += by_s

    def rest(self, at_s: float) -> Transition | None:
        """Let the time pass in which the rule is not at work; what was active ends."""
        self.evaluated_s, self.is_known = at_s, True
        return self.close(at_s, "off-schedule")

    def close(self, at_s: float, cause: str) -> Transition | None:
        """End the alert because its subject is gone."""
        self.latches = (False,) * len(self.latches)
        self.marks = (-inf,) * len(self.marks)
        if self.state not in ACTIVE:
            return None
        lit = self.state in LIT
        return self._enter(AlertState.RESOLVED if lit else AlertState.INACTIVE, at_s, at_s, cause)

    def _settle(self, truth: Truth, *, is_warm: bool) -> Truth:
        if truth is not None or not is_warm or self.rule.no_data is NoData.HOLD:
            return truth
        return self.rule.no_data is NoData.FIRE

    def _target(self, truth: Truth, lasted_s: float) -> AlertState:
        """Return the state to be in, given how long the present one has lasted."""
        state = self.state
        if truth is None:
            return state
        if state in LIT:
            if truth:
                return AlertState.FIRING
            if state is AlertState.FIRING and self.rule.keep_firing_for > 0:
                return AlertState.RECOVERING
            is_over = state is AlertState.FIRING or reaches(lasted_s, self.rule.keep_firing_for)
            return AlertState.RESOLVED if is_over else state
        if not truth:
            return AlertState.INACTIVE if state is AlertState.PENDING else state
        if state is AlertState.PENDING:
            return AlertState.FIRING if reaches(lasted_s, self.rule.for_) else state
        return AlertState.PENDING if self.rule.for_ > 0 else AlertState.FIRING

    def _tell_late(self, at_s: float, context: Context) -> Transition | None:
        """Tell that it fires as soon as nothing withholds that any more."""
        if self.state is not AlertState.FIRING or not self.withheld:
            return None
        self.withheld = context.withheld()
        if self.withheld:
            return None
        self.told = self.rule.notify
        return self._transition(self.state, at_s, "told-late", context)

    def _enter(
        self,
        target: AlertState,
        at_s: float,
        began_s: float,
        cause: str = "",
        context: Context = NOTHING,
    ) -> Transition:
        before, self.state, self.state_s = self.state, target, began_s
        if before not in ACTIVE:
            # A resolved alert is over: what follows is a new one, which begins inactive.
            before, self.since_s = AlertState.INACTIVE, began_s
        if target is AlertState.FIRING and before not in LIT:
            self.withheld = context.withheld()
            self.told = () if self.withheld else self.rule.notify
        if target not in LIT:
            self.withheld, withheld = "", self.withheld
        else:
            withheld = self.withheld
        return self._transition(before, at_s, cause, context, withheld)

    def _transition(
        self,
        before: AlertState,
        at_s: float,
        cause: str,
        context: Context,
        withheld: str = "",
    ) -> Transition:
        """Return the step to the present state."""
        at, evidence = datetime.fromtimestamp(at_s, UTC), context.evidence()
        values: dict[str, TemplateValue] = {
            "rule": self.rule.name,
            "key": self.key.text,
            "camera": self.key.camera or (self.key.text if self.key.by is not By.TRACK else ""),
            "run": self.key.run,
            "track": str(self.key.track_id) if self.key.track_id else "",
            "value": self.value,
            "threshold": self.threshold,
            "faces": evidence.faces,
            "coverage": evidence.coverage,
            "state": self.state.value,
            "at": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        return Transition(
            rule=self.rule.name,
            key=self.key,
            from_state=before,
            to_state=self.state,
            at=at,
            since_at=datetime.fromtimestamp(self.since_s, UTC),
            value=self.value,
            threshold=self.threshold,
            labels=dict(self.rule.labels),
            annotations={
                name: render(text, values) for name, text in self.rule.annotations.items()
            },
            notify=self.told,
            cause=cause,
            withheld=withheld,
            evidence=evidence,
        )
