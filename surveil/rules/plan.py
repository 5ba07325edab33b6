"""One rule made ready for a fleet: its conditions, its cameras and its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapreplace
from math import inf, isfinite

from surveil.rules.clock import TICK_S
from surveil.rules.conditions import Condition
from surveil.rules.instance import LIT, Instance
from surveil.rules.keys import By, Key
from surveil.rules.model import Rule
from surveil.rules.past import CameraPast
from surveil.rules.tree import marks_of

TRACK_SILENCE_S = 30.0
"""A track unseen for this long after its windows have emptied is over, whatever is unknown."""
MAX_KEYS = 10_000
"""Most alerts of one rule; further tracks are not watched, and counted."""

MANY_CAMERAS = 50
"""A group of more cameras is evaluated at steps of its event time, as long as ticks mostly are."""


class Plan:
    """A rule and what the engine holds for it.

    Attributes:
        conditions: Of the rule, from left to right.
        follows_clock: Whether the rule follows the clock, as rules of ``health`` alone do.
        watches_inference: Whether it tells when inference does not speak of a camera.
        warm_up_s: For how long the rule must have watched before a lack of data means anything.
        track_silence_s: A track unseen for so long is over.
        cameras: Those the rule is about, by group: each alone, those of a label, or all.
        muters: Other rules that mute this one while they fire.
        failure: Why the rule is out of work; empty while it is not.
        is_overfull: Whether there was no room for one of its alerts.
        groups: The rule's alerts by group, then by key; see :attr:`surveil.rules.keys.Key.group`.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.failure = ""
        self.is_overfull = False
        self.conditions: tuple[Condition, ...] = rule.conditions
        self.follows_clock = all(each.follows_clock for each in self.conditions)
        self.watches_inference = any(each.watches_inference for each in self.conditions)
        self.warm_up_s = max(each.warm_up_s for each in self.conditions)
        self.track_silence_s = rule.over_s + rule.keep_firing_for + TRACK_SILENCE_S
        self.cameras: dict[str, dict[str, CameraPast]] = {}
        self.groups: dict[str, dict[str, Instance]] = {}
        self.muters: list[Plan] = []
        self._group_of: dict[str, str] = {}
        self._by_end: dict[str, list[tuple[float, int, CameraPast]]] = {}
        self._reached_s: dict[str, float] = {}
        self._ticked_s: dict[str, float] = {}
        self._calm_until_s: dict[str, float] = {}

    def add_camera(self, camera: str, labels: Mapping[str, str], past: CameraPast) -> None:
        """Let the rule watch a camera that it matches."""
        by, label = self.rule.by, self.rule.label
        if by is By.TRACK or by is By.CAMERA:
            key = Key(by, camera)
        else:
            key = Key(by, label=f"{label}={labels[label]}" if label else "")
        self.cameras.setdefault(key.group, {})[camera] = past
        group = self.groups.setdefault(key.group, {})
        if by is not By.TRACK:
            group.setdefault(key.text, self._at_rest(key))
        self._group_of[camera] = key.group

    def group_of(self, camera: str) -> str:
        """Return the group of a camera that the rule watches."""
        return self._group_of[camera]

    def adopt(self, instance: Instance) -> bool:
        """Take up a restored alert; return false if its camera is not watched."""
        group = self.groups.get(instance.key.group)
        if group is None:
            return False
        group[instance.key.text] = instance
        return True

    def see_track(self, key: Key, at_s: float) -> bool:
        """Note that a track was seen; return false if there is no room for another one."""
        group = self.groups[key.camera]
        instance = group.get(key.text)
        if instance is None:
            if sum(len(known) for known in self.groups.values()) >= MAX_KEYS:
                self.is_overfull = True
                return False
            instance = group[key.text] = self._at_rest(key)
        instance.seen_s = max(instance.seen_s, at_s)
        return True

    def pasts(self, group: str) -> list[CameraPast]:
        """Return the pasts that a group's alerts span."""
        return list(self.cameras[group].values())

    def clock_s(self, group: str, now_s: float) -> float:
        """Return the event time of a group: that of its slowest camera; ``-inf`` for none yet.

        The least finite ``past.clock_s(now_s)``, found without asking each of many cameras.
        """
        slowest_s, lateness_s = self._slowest_s(group)
        reached_s = now_s - lateness_s
        if isfinite(slowest_s):
            reached_s = max(reached_s, slowest_s)
        elif not isfinite(reached_s):
            ends_s = (past.window.watermark_s for past in self.cameras[group].values())
            reached_s = min((end_s for end_s in ends_s if end_s is not None), default=-inf)
        self._reached_s[group] = reached_s
        return reached_s

    def _slowest_s(self, group: str) -> tuple[float, float]:
        """Return the least end of the newest intervals, ``-inf`` while one is missing; lateness.

        Cameras lie in a heap by the ends known when they were last on top: ends only grow.
        """
        heap = self._by_end.get(group)
        if heap is None:
            pasts = self.cameras[group].values()
            heap = self._by_end[group] = [(-inf, place, past) for place, past in enumerate(pasts)]
        while True:
            known_s, place, past = heap[0]
            end_s = past.window.watermark_s
            if end_s is None or end_s == known_s:
                return known_s, past.lateness_s
            heapreplace(heap, (end_s, place, past))

    def is_held_up(self, group: str, before_s: float) -> bool:
        """Return whether a group's event time still waits for another camera.

        Args:
            group: Of several cameras.
            before_s: Event time of the one that moved on, before it did.
        """
        return before_s > self._reached_s.get(group, inf)

    def is_early(self, group: str, at_s: float) -> bool:
        """Return whether a large group was evaluated so lately that the next tick is soon enough.

        Its event time moves on at nearly every event, and an evaluation looks at all its cameras.
        """
        if len(self.cameras[group]) <= MANY_CAMERAS:
            return False
        return all(at_s - one.evaluated_s < TICK_S for one in self.groups[group].values())

    @property
    def has_large_groups(self) -> bool:
        """Whether :meth:`is_early` may say so of a group."""
        return any(len(cameras) > MANY_CAMERAS for cameras in self.cameras.values())

    def ticking(self, behind: Sequence[str]) -> Iterable[str]:
        """Return the groups that a tick may change.

        Args:
            behind: Cameras whose newest interval is not the last thing known of them. All else
                was said of the others when their interval came.
        """
        if self.follows_clock or self.rule.by.spans_cameras:
            return self.groups
        return [camera for camera in behind if camera in self.groups]

    def moves_on(self, group: str, now_s: float) -> float | None:
        """Return a group's event time at a tick; None if it need not be evaluated then."""
        reached_s = self.clock_s(group, now_s)
        if self._ticked_s.get(group) == reached_s or self.is_early(group, reached_s):
            return None
        self._ticked_s[group] = reached_s
        return reached_s

    def is_calm(self, group: str, at_s: float) -> bool:
        """Return whether nothing can have changed that only the clock changes."""
        return at_s < self._calm_until_s.get(group, -inf)

    @property
    def calm_until_s(self) -> float:
        """Until when all groups are calm."""
        return min((self._calm_until_s.get(group, -inf) for group in self.groups), default=inf)

    def calm(self, group: str, until_s: float) -> None:
        """Take note that a silence cannot be long enough before an instant."""
        self._calm_until_s[group] = until_s

    def disturb(self, group: str | None = None) -> None:
        """Take note that a group, or each one, must be looked at again."""
        if group is None:
            self._calm_until_s.clear()
        else:
            self._calm_until_s.pop(group, None)

    def move(self) -> None:
        """Forget what depends on a clock that was set."""
        self._by_end.clear()
        self._reached_s.clear()
        self._ticked_s.clear()
        self._calm_until_s.clear()

    def muted_by(self, group: str) -> str:
        """Return the name of a rule that fires and mutes this one for a group, if there is one.

        It mutes an alert that shares a camera with one of its own that fires.
        """
        mine = self.cameras[group].keys()
        for muter in self.muters:
            for name, alerts in muter.groups.items():
                fires = any(alert.state in LIT for alert in alerts.values())
                if fires and not mine.isdisjoint(muter.cameras[name]):
                    return muter.rule.name
        return ""

    def _at_rest(self, key: Key) -> Instance:
        return Instance(
            rule=self.rule,
            key=key,
            latches=(False,) * len(self.conditions),
            marks=(-inf,) * marks_of(self.rule.when),
        )
