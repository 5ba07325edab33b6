"""How cameras stand now, for receivers that show states besides telling of alerts.

The alerter's main thread writes, couriers read. It holds one reading for each camera and no past:
a receiver that was away is shown the present.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median_low

from surveil.domain import EMOTIONS, CameraEvent, Event, IntervalEvent

SITE = ""
"""In place of a camera's id: what is about several cameras."""

LAST = 5
"""Intervals over which faces and expression are taken, so that they do not flicker."""


@dataclass(frozen=True, slots=True)
class CameraReading:
    """One camera.

    Attributes:
        state: Of its capture, as ``live``; empty where nothing was heard of it.
        faces: Median number over the last intervals; None where nothing was analysed.
        expression: With most votes in them; empty without faces.
        at: End of the newest interval.
    """

    state: str = ""
    faces: int | None = None
    expression: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one receiver shows.

    Attributes:
        cameras: Readings by id.
        rules: Names of the rules that tell this receiver, by camera, or by ``SITE``.
        lit: Camera (or ``SITE``) and rule of the alerts that fire.
    """

    cameras: Mapping[str, CameraReading]
    rules: Mapping[str, tuple[str, ...]]
    lit: frozenset[tuple[str, str]]


@dataclass
class _Camera:
    state: str = ""
    at: datetime | None = None
    expressions: deque[tuple[str, ...]] = field(default_factory=lambda: deque(maxlen=LAST))

    def hear(self, event: IntervalEvent) -> None:
        crowd = event.crowd
        if crowd is None:
            self.expressions.append(tuple(vote.emotion.value for vote in event.tracks))
        elif crowd.faces:
            named = zip(EMOTIONS, crowd.votes, strict=True)
            self.expressions.append(tuple(one.value for one, votes in named for _ in range(votes)))
        else:
            self.expressions.clear()  # too few to be told of: that is not nobody

    def read(self) -> CameraReading:
        if not self.expressions:
            return CameraReading(self.state)
        votes = Counter(vote for interval in self.expressions for vote in interval)
        faces = median_low(len(interval) for interval in self.expressions)
        expression = max(votes, key=lambda name: (votes[name], name)) if faces else ""
        return CameraReading(self.state, faces, expression, self.at)


class Board:
    """The present of all cameras; safe to use from several threads.

    Args:
        cameras: Their ids; others are not shown.
    """

    def __init__(self, cameras: Collection[str]) -> None:
        self._lock = threading.Lock()
        self._cameras = {id_: _Camera() for id_ in cameras}
        self._rules: Mapping[str, Mapping[str, Collection[str]]] = {}
        self._lit: frozenset[tuple[str, str]] = frozenset()

    def set_rules(self, rules: Mapping[str, Mapping[str, Collection[str]]]) -> None:
        """Say which rules there are: by camera or ``SITE``, by name, the receivers they tell."""
        with self._lock:
            self._rules = rules

    def hear(self, event: Event) -> None:
        """Take an event; of intervals the newest count, whatever order they come in."""
        with self._lock:
            camera = self._cameras.get(event.camera)
            if camera is None:
                return
            if isinstance(event, CameraEvent):
                camera.state = event.state.value
                if event.state.value != "live":
                    camera.expressions.clear()
            elif isinstance(event, IntervalEvent) and (
                camera.at is None or event.to_at > camera.at
            ):
                camera.at = event.to_at
                camera.hear(event)

    def show_lit(self, lit: Collection[tuple[str, str]]) -> None:
        """Say which alerts fire: camera (or ``SITE``) and rule."""
        with self._lock:
            self._lit = frozenset(lit)

    def read(self, receiver: str) -> Snapshot:
        """Return what a receiver is to show now."""
        with self._lock:
            rules = {
                subject: tuple(
                    sorted(name for name, receivers in named.items() if receiver in receivers)
                )
                for subject, named in self._rules.items()
            }
            return Snapshot(
                {id_: camera.read() for id_, camera in self._cameras.items()}, rules, self._lit
            )
