"""Evaluates rules over event time. Pure: events and the time come in, transitions go out.

One engine serves the live alerter and everything that replays the past. It is owned by one thread;
nothing in it reads a clock, a file or a socket.

Event time of a camera is the end of its newest interval; when intervals stop coming, it goes on
with the clock given to :meth:`RuleEngine.tick`, ``lateness_s`` behind. An alert is evaluated at
every interval of its camera, and by ticks where there are none. A site's time is that of its
slowest camera. Rules of ``health`` alone follow the clock itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import inf

from surveil.domain import Event, IntervalEvent
from surveil.rules.instance import Instance, Transition
from surveil.rules.keys import By, Key
from surveil.rules.logic import judge
from surveil.rules.model import Rule
from surveil.rules.past import CameraPast
from surveil.rules.plan import Plan
from surveil.rules.stored import Changes, StoredAlert, end_orphan, from_stored, to_stored
from surveil.rules.windows import KeyView, sample_of

LATENESS_S = 5.0
"""How long a camera's event time waits for an interval, and a run for a missing event."""

SERVED_EVERY_S = 1.0
"""How much of the time that an alert served by the clock alone a killed process may lose."""


class RuleEngine:
    """All rules over all cameras.

    Args:
        rules: With distinct names.
        cameras: Ids of the fleet's cameras; events of others are dropped.
        start_at: When watching begins; silences are not counted from before it.
        lateness_s: See the module; must be longer than an interval.

    Attributes:
        drops: What was not evaluated, by cause: ``duplicate``, ``hole`` (a ``seq`` that never
            came), ``late`` (older than the windows), ``unknown-camera``, ``tracks`` (too many).
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        cameras: Iterable[str],
        *,
        start_at: datetime,
        lateness_s: float = LATENESS_S,
    ) -> None:
        self.drops: Counter[str] = Counter()
        self._lateness_s = lateness_s
        self._watching_s = start_at.timestamp()
        self._now_s = -inf
        self._plans = {rule.name: Plan(rule) for rule in rules}
        self._cameras: dict[str, CameraPast] = {}
        self._plans_of: dict[str, list[Plan]] = {}
        for camera in cameras:
            mine = [plan for plan in self._plans.values() if plan.rule.matches(camera)]
            horizon_s = max((plan.rule.over_s for plan in mine), default=0.0) + 2 * lateness_s
            past = CameraPast(horizon_s, lateness_s, self.drops)
            self._cameras[camera], self._plans_of[camera] = past, mine
            for plan in mine:
                plan.add_camera(camera, past)
        self._positions: dict[str, int] = {}
        self._progress: dict[str, int] = {}
        self._changed: dict[tuple[str, str], StoredAlert] = {}
        self._stored: set[tuple[str, str]] = set()

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
        self._positions = dict(progress)
        seen: set[tuple[str, int]] = set()
        for event in history:
            is_past = event.seq <= progress.get(event.run, 0) and event.camera in self._cameras
            if is_past and isinstance(event, IntervalEvent) and (event.run, event.seq) not in seen:
                seen.add((event.run, event.seq))
                self._cameras[event.camera].window.add(sample_of(event))
        ended = []
        for stored in alerts:
            self._stored.add((stored.rule, stored.key))
            plan = self._plans.get(stored.rule)
            instance = from_stored(stored, plan.rule) if plan else None
            if plan is not None and instance is not None and plan.adopt(instance):
                clock_s = plan.clock_s(instance.key.camera, self._now_s)
                instance.evaluated_s = max(instance.evaluated_s, clock_s)
                continue
            transition = end_orphan(stored, datetime.fromtimestamp(self._watching_s, UTC))
            ended += [transition] if transition else []
            self._changed[stored.rule, stored.key] = StoredAlert(stored.rule, stored.key, None)
        return ended

    def resume(self, at: datetime) -> None:
        """Say that events could not be read until now: nobody was silent, nobody was listening."""
        self._watching_s = max(self._watching_s, at.timestamp())

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

    def tick(self, now_at: datetime) -> list[Transition]:
        """Let time pass up to ``now_at``; call it often, but only with all events read.

        While events are waiting to be read, the clock says nothing about cameras.
        """
        self._now_s = max(self._now_s, now_at.timestamp())
        steps: list[Transition] = []
        for camera in self._cameras.values():
            for event in camera.overdue(self._now_s):
                steps += self._release(event)
        for plan in self._plans.values():
            for name in plan.groups:
                at_s = self._now_s if plan.follows_clock else plan.clock_s(name, self._now_s)
                steps += self._evaluate(plan, name, at_s, again=False)
        return steps

    def take_changes(self) -> Changes:
        """Return what must be stored since the last call; the caller keeps it until it is."""
        changes = Changes(self._progress, list(self._changed.values()))
        for stored in changes.alerts:
            known = (stored.rule, stored.key)
            (self._stored.discard if stored.data is None else self._stored.add)(known)
        self._progress, self._changed = {}, {}
        return changes

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
        self._progress[event.run] = event.seq
        if not isinstance(event, IntervalEvent):
            return []
        sample = sample_of(event)
        if not self._cameras[event.camera].window.add(sample):
            self.drops["late"] += 1
            return []
        steps: list[Transition] = []
        span_s = sample.to_s - sample.from_s
        for plan in self._plans_of[event.camera]:
            if plan.rule.by is By.SITE:
                at_s = plan.clock_s("", self._now_s)
                steps += self._evaluate(plan, "", at_s, span_s=span_s, again=False)
                continue
            if plan.rule.by is By.TRACK:
                for vote in event.tracks:
                    key = Key(By.TRACK, event.camera, event.run, vote.track_id)
                    self.drops["tracks"] += not plan.see_track(key, sample.to_s)
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
            again: Evaluate also those that were evaluated at that instant or later, at their own:
                an event that came late may have changed their past.
        """
        steps: list[Transition] = []
        group = plan.groups[name]
        for instance in list(group.values()):
            if not again and at_s <= instance.evaluated_s:
                continue
            before = _fingerprint(instance)
            step = self._step(plan, instance, max(at_s, instance.evaluated_s), span_s)
            steps += [step] if step else []
            if instance.key.by is By.TRACK and at_s > instance.seen_s + plan.track_silence_s:
                step = instance.close(instance.evaluated_s, "track-ended")
                steps += [step] if step else []
                del group[instance.key.text]
            known = (instance.rule.name, instance.key.text)
            is_news = _fingerprint(instance) != before and (
                not instance.is_plain or known in self._stored or known in self._changed
            )
            # Without intervals nothing else tells a later engine how long this was watched.
            serves = not again and instance.is_timed
            if is_news or (serves and instance.evaluated_s - instance.stored_s >= SERVED_EVERY_S):
                self._changed[known] = to_stored(instance)
        return steps

    def _step(
        self, plan: Plan, instance: Instance, at_s: float, span_s: float
    ) -> Transition | None:
        key = instance.key
        view = KeyView(
            windows=[past.window for past in plan.pasts(key.camera)],
            until_s=at_s,
            clock_s=max(at_s, self._now_s),
            watching_s=self._watching_s,
            track=(key.run, key.track_id) if key.by is By.TRACK else None,
        )
        verdict = judge(plan.rule.when, plan.conditions, view, instance.latches)
        return instance.step(
            verdict,
            at_s,
            began_s=at_s if plan.follows_clock else at_s - span_s,
            is_warm=at_s - self._watching_s >= plan.warm_up_s + self._lateness_s,
            patience_s=self._lateness_s,
        )


def _fingerprint(instance: Instance) -> tuple[object, ...]:
    """Return what :func:`to_stored` must not lose."""
    return (instance.state, instance.state_s, instance.latches, instance.is_known)
