"""Evaluates rules over event time: events and the time come in, transitions go out.

One engine serves the live alerter and everything that replays the past. It is owned by one thread;
nothing in it reads a clock, a file or a socket: what is usual at a camera its owner is asked.

Event time of a camera is the end of its newest interval; when intervals stop coming, it goes on
with the clock given to :meth:`RuleEngine.tick`, ``lateness_s`` behind. An alert is evaluated at
every interval of its camera, and by ticks where there are none. A site's time is that of its
slowest camera, and so is that of a label. Rules of ``health`` alone follow the clock itself; those
of several cameras are evaluated by ticks alone.

Instants are those of the wall clock; where it is set, :meth:`RuleEngine.tell` moves all of the past
along, so that every duration stays what it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from math import inf
from types import MappingProxyType

from surveil.domain import Event, IntervalEvent
from surveil.rules.baselines import NO_BASELINES, Baselines
from surveil.rules.changes import ChangeLog, Changes
from surveil.rules.clock import AHEAD_S, WallClock
from surveil.rules.failing import failure_of
from surveil.rules.instance import ACTIVE, Instance, Transition
from surveil.rules.keys import By, Key
from surveil.rules.keyview import KeyView
from surveil.rules.listening import Listening
from surveil.rules.logic import judge
from surveil.rules.measures.health import silence_left_s
from surveil.rules.model import NO_LABELS, Rule
from surveil.rules.past import CameraPast
from surveil.rules.plan import MAX_KEYS, Plan
from surveil.rules.sequence import event_at
from surveil.rules.silences import Silence
from surveil.rules.stored import StoredAlert, end_orphan, fingerprint, from_stored
from surveil.rules.surroundings import Surroundings
from surveil.rules.windows import sample_of

LATENESS_S = 5.0
"""How long a camera's event time waits for an interval, and a run for a missing event."""


def lateness_of(interval_s: float) -> float:
    """Return the lateness of an engine over intervals of a length: some of them may be late."""
    return max(LATENESS_S, 3 * interval_s)


class RuleEngine:
    """All rules over all cameras.

    Args:
        rules: With distinct names.
        cameras: Ids of the fleet's cameras; events of others are dropped.
        labels: What the cameras are labelled with, by id; those without need not be there.
        start_at: When watching begins; silences are not counted from before it.
        lateness_s: See the module; must be longer than an interval.
        history: Who knows what is usual at a camera; asked by conditions that compare with it.

    Attributes:
        drops: What was not evaluated, by cause: ``duplicate``, ``hole`` (a ``seq`` that never
            came), ``late`` (older than the windows), ``future`` (too far ahead of the clock),
            ``unknown-camera``, ``tracks`` (too many), ``rule-failed`` (one put out of work).
        silences: In force or to come; the owner sets them anew as they change.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        cameras: Iterable[str],
        *,
        start_at: datetime,
        labels: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        lateness_s: float = LATENESS_S,
        history: Baselines = NO_BASELINES,
    ) -> None:
        self.drops: Counter[str] = Counter()
        self._lateness_s = lateness_s
        self._history = history
        self._listening = Listening(start_at.timestamp(), lateness_s)
        self._clock = WallClock()
        self._plans = {rule.name: Plan(rule) for rule in rules}
        self._cameras: dict[str, CameraPast] = {}
        self._plans_of: dict[str, list[Plan]] = {}
        for camera in cameras:
            own = labels.get(camera, NO_LABELS)
            mine = [plan for plan in self._plans.values() if plan.rule.matches(camera, own)]
            horizon_s = max((plan.rule.over_s for plan in mine), default=0.0) + 2 * lateness_s
            past = CameraPast(horizon_s, lateness_s, self.drops)
            self._cameras[camera], self._plans_of[camera] = past, mine
            for plan in mine:
                plan.add_camera(camera, own, past)
                past.inference_is_watched |= plan.watches_inference
        for plan in self._plans.values():
            plan.muters = [
                other
                for other in self._plans.values()
                if other is not plan
                and any(fnmatchcase(plan.rule.name, glob) for glob in other.rule.mutes)
            ]
        self.silences: Sequence[Silence] = ()
        self._positions: dict[str, int] = {}
        self._log = ChangeLog()

    @property
    def horizon_s(self) -> float:
        """How much of the past :meth:`restore` needs, in seconds."""
        return max((camera.window.horizon_s for camera in self._cameras.values()), default=0.0)

    def restore(
        self, alerts: Iterable[StoredAlert], progress: Mapping[str, int], history: Iterable[Event]
    ) -> list[Transition]:
        """Take up where an earlier engine ended; at most once, before all else.

        Args:
            alerts: All that were stored.
            progress: Per run the last ``seq`` that was evaluated.
            history: Events of the last ``horizon_s``; those beyond ``progress`` are ignored.

        Returns:
            The end of alerts whose rule or camera is gone.
        """
        start_s = self._listening.since_s
        self._positions = dict(progress)
        seen: set[tuple[str, int]] = set()
        for event in history:
            past, at_s = self._cameras.get(event.camera), event_at(event).timestamp()
            is_past = event.seq <= progress.get(event.run, 0) and at_s <= start_s + AHEAD_S
            if past is None or not is_past or (event.run, event.seq) in seen:
                continue
            seen.add((event.run, event.seq))
            past.presence.hear(event, at_s)
            if isinstance(event, IntervalEvent):
                past.window.add(sample_of(event))
        ended = []
        for stored in alerts:
            self._log.know(stored)
            plan = self._plans.get(stored.rule)
            instance = from_stored(stored, plan.rule) if plan else None
            if plan is not None and instance is not None and plan.adopt(instance):
                if instance.evaluated_s > start_s + AHEAD_S:  # the clock was set back meanwhile
                    instance.move(start_s - instance.evaluated_s)
                clock_s = plan.clock_s(instance.key.group, self._clock.now_s)
                instance.evaluated_s = max(instance.evaluated_s, clock_s)
                continue
            transition = end_orphan(stored, datetime.fromtimestamp(start_s, UTC))
            ended += [transition] if transition else []
            self._log.forget(stored)
        return ended

    def stand_for(self, ready_at: datetime | None, *, inference_is_watched: bool) -> None:
        """Say what an engine of all rules and cameras would know, to one that has some of them.

        Args:
            ready_at: When inference is first heard of, of any camera; None for never.
            inference_is_watched: Whether a rule elsewhere tells when inference does not speak of
                these cameras.
        """
        if ready_at is not None:
            self._listening.foresee(ready_at.timestamp())
        for past in self._cameras.values():
            past.inference_is_watched |= inference_is_watched

    def resume(self, at: datetime) -> None:
        """Say that events could not be read until now: nobody was silent, nobody was listening."""
        self._listening.resume(at.timestamp())
        for plan in self._plans.values():
            plan.disturb()

    def observe(self, event: Event) -> list[Transition]:
        """Take one event, in whatever order they arrive, and return what it set off."""
        camera = self._cameras.get(event.camera)
        if camera is None:
            self.drops["unknown-camera"] += 1
            return []
        released = camera.push(event, self._positions.pop(event.run, 0) + 1)
        return [step for ready in released for step in self._release(ready)]

    def holds(self, event: Event) -> bool:
        """Return whether an event waits for an earlier one of its run."""
        camera = self._cameras.get(event.camera)
        return camera is not None and camera.holds(event.run, event.seq)

    def tell(self, now_at: datetime, *, set_by_s: float = 0.0) -> None:
        """Say what the wall clock shows; call it before :meth:`observe`, with all events read.

        Args:
            now_at: The present.
            set_by_s: By how much the clock was set since the last call, forwards or (negative)
                back. The past is moved along: no time has gone by, and nothing is undone.
        """
        if set_by_s:
            self._clock.set_by(set_by_s)
            self._listening.move(set_by_s)
            for past in self._cameras.values():
                past.move(set_by_s)
            for plan in self._plans.values():
                plan.move()
            for instance in self.alerts():
                instance.move(set_by_s)
                self._log.note(instance)
        self._clock.tell(now_at.timestamp())

    def tick(self, now_at: datetime) -> list[Transition]:
        """Let time pass up to ``now_at``; call it often, but only with all events read.

        While events are waiting to be read, the clock says nothing about cameras.
        """
        self.tell(now_at)
        self._clock.catch_up()
        steps: list[Transition] = []
        for camera in self._cameras.values():
            for event in camera.overdue(self._clock.now_s):
                steps += self._release(event)
        now_s = self._clock.now_s
        behind = [c for c, past in self._cameras.items() if past.is_behind(now_s)]
        for plan in self._plans.values():
            for name in plan.ticking(behind):
                if plan.follows_clock:
                    if not plan.is_calm(name, now_s):
                        steps += self._evaluate(plan, name, now_s, again=False)
                    continue
                at_s = plan.moves_on(name, now_s)
                if at_s is not None:
                    steps += self._evaluate(plan, name, at_s, again=False)
        return steps

    @property
    def idle_until_s(self) -> float:
        """Before which instant, in seconds since the epoch, ticks change nothing without an event.

        ``-inf`` where that is not known.
        """
        until_s = inf
        for camera, past in self._cameras.items():
            if past.is_waiting:
                return -inf
            if not all(plan.follows_clock for plan in self._plans_of[camera]):
                newest_s = past.window.watermark_s
                until_s = min(until_s, -inf if newest_s is None else newest_s + self._lateness_s)
        if any(plan.has_large_groups for plan in self._plans.values()):
            return -inf
        clocked = [plan for plan in self._plans.values() if plan.follows_clock]
        return min([until_s, *(plan.calm_until_s for plan in clocked)])

    def take_changes(self) -> Changes:
        """Return what must be stored since the last call; the caller keeps it until it is."""
        return self._log.take()

    @property
    def newest_at(self) -> datetime | None:
        """The end of the newest interval of any camera."""
        ends = [c.window.watermark_s for c in self._cameras.values()]
        newest_s = max((end for end in ends if end is not None), default=None)
        return None if newest_s is None else datetime.fromtimestamp(newest_s, UTC)

    def alerts(self) -> Iterator[Instance]:
        """Yield all alerts held; to be read, not changed."""
        for plan in self._plans.values():
            for group in plan.groups.values():
                yield from group.values()

    def _release(self, event: Event) -> list[Transition]:
        """Take one event whose turn has come."""
        self._log.pass_by(event.run, event.seq)
        past, at_s = self._cameras[event.camera], event_at(event).timestamp()
        correction_s = self._clock.correction_s(at_s)
        at_s += correction_s
        if self._clock.is_ahead(at_s):
            self.drops["future"] += 1
            return []
        if past.presence.hear(event, at_s):
            self._listening.hear(at_s)
        if not isinstance(event, IntervalEvent):
            for plan in self._plans_of[event.camera]:
                plan.disturb(plan.group_of(event.camera))
            return []
        sample = sample_of(event, correction_s)
        before_s = past.clock_s(self._clock.caught_up_s)
        if not past.window.add(sample):
            self.drops["late"] += 1
            return []
        steps: list[Transition] = []
        span_s = sample.to_s - sample.from_s
        for plan in self._plans_of[event.camera]:
            if plan.rule.by.spans_cameras:
                name = plan.group_of(event.camera)
                if plan.follows_clock or plan.is_held_up(name, before_s):
                    continue
                at_s = plan.clock_s(name, self._clock.caught_up_s)
                if not plan.is_early(name, at_s):
                    steps += self._evaluate(plan, name, at_s, span_s=span_s, again=False)
                continue
            if plan.follows_clock and plan.is_calm(event.camera, sample.to_s):
                continue
            if plan.rule.by is By.TRACK:
                for vote in event.tracks:
                    key = Key(By.TRACK, event.camera, event.run, vote.track_id)
                    self.drops["tracks"] += not plan.see_track(key, sample.to_s)
                if plan.is_overfull and not plan.failure:
                    steps += self._fail(plan, f"more than {MAX_KEYS} alerts at once", sample.to_s)
            steps += self._evaluate(plan, event.camera, sample.to_s, span_s=span_s, again=True)
        return steps

    def _evaluate(
        self, plan: Plan, name: str, at_s: float, *, span_s: float = 0.0, again: bool
    ) -> list[Transition]:
        """Evaluate the alerts of one camera, or of the site, at one instant.

        Args:
            plan: Whose alerts.
            name: Of the group.
            at_s: The instant.
            span_s: How long before it the time begins of which an interval tells.
            again: Evaluate also those evaluated then or later, at their own instant: an event that
                came late may have changed their past.
        """
        if plan.failure:
            return []
        steps: list[Transition] = []
        try:
            self._evaluate_all(plan, name, at_s, span_s, again, steps)
        except Exception as error:  # noqa: BLE001  (one rule's fault must not stop the others)
            steps += self._fail(plan, f"{type(error).__name__}: {error}", at_s)
        return steps

    def _evaluate_all(
        self,
        plan: Plan,
        name: str,
        at_s: float,
        span_s: float,
        again: bool,
        steps: list[Transition],
    ) -> None:
        group = plan.groups[name]
        for instance in list(group.values()):
            if not again and at_s <= instance.evaluated_s:
                continue
            before = fingerprint(instance)
            step = self._step(plan, instance, max(at_s, instance.evaluated_s), span_s)
            steps += [step] if step else []
            if instance.key.by is By.TRACK and at_s > instance.seen_s + plan.track_silence_s:
                step = instance.close(instance.evaluated_s, "track-ended")
                steps += [step] if step else []
                del group[instance.key.text]
            if fingerprint(instance) != before:
                self._log.note(instance)
            elif not again:
                self._log.note_served(instance)

    def _fail(self, plan: Plan, reason: str, at_s: float) -> list[Transition]:
        """Put a rule out of work: what it tells ends, and that it failed is an alert of its own."""
        self.drops["rule-failed"] += 1
        plan.failure = reason
        steps = []
        for group in plan.groups.values():
            for instance in group.values():
                step = instance.close(max(at_s, instance.evaluated_s), "rule-failed")
                steps += [step] if step else []
                self._log.note(instance)
        step, stored = failure_of(plan.rule, reason, at_s)
        self._log.keep(stored)
        return [*steps, step]

    def _step(
        self, plan: Plan, instance: Instance, at_s: float, span_s: float
    ) -> Transition | None:
        key, schedule = instance.key, plan.rule.schedule
        if schedule is not None and not schedule.is_open(at_s - span_s):
            return instance.rest(at_s)
        view = KeyView(
            pasts=plan.pasts(key.group),
            until_s=at_s,
            clock_s=max(at_s, self._clock.caught_up_s),
            listening=self._listening,
            track=(key.run, key.track_id) if key.by is By.TRACK else None,
            cameras=plan.cameras[key.group],
            history=self._history,
        )
        judgement = judge(
            plan.rule.when, plan.conditions, view, instance.latches, instance.marks, at_s
        )
        is_calm = schedule is None and instance.state not in ACTIVE
        if plan.follows_clock and is_calm and self._listening.is_ready(view.clock_s):
            calm_s = silence_left_s(plan.conditions, view) if judgement.truth is False else 0.0
            plan.calm(key.group, view.clock_s + calm_s)
        return instance.step(
            judgement,
            at_s,
            began_s=at_s if plan.follows_clock else at_s - span_s,
            is_warm=at_s - self._listening.since_s >= plan.warm_up_s + self._lateness_s,
            patience_s=self._lateness_s,
            context=Surroundings(plan, key, view, self.silences),
        )
