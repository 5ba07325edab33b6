"""Compare what surveil stored with the known truth of a scenario clip. Pure.

Truth lists each second of a clip by the state in its middle. A stored observation belongs to the
interval that holds the wall-clock instant at which the camera showed that middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Xyxy = tuple[float, float, float, float]


@dataclass(frozen=True)
class Observed:
    """One stored observation; the box in fractions of the frame."""

    observed_at: datetime
    run: str
    track_id: int
    box: Xyxy
    emotion: str


@dataclass
class Figures:
    """What is to be shown of one or several cameras."""

    settled: int = 0
    settled_seen: int = 0
    settled_right: int = 0
    visits: int = 0
    visits_one_track: int = 0
    extra: int = 0
    missed: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        seen = self.settled_seen / max(self.settled, 1)
        right = self.settled_right / max(self.settled, 1)
        whole = self.visits_one_track / max(self.visits, 1)
        return [
            f"settled face-seconds        {self.settled}",
            f"  with an observation       {self.settled_seen} ({seen:.1%}; asked 98%)",
            f"  right expression          {self.settled_right} ({right:.1%}; asked 80%)",
            f"visits                      {self.visits}",
            f"  that are one track        {self.visits_one_track} ({whole:.1%}; asked 95%)",
            f"observations of nobody      {self.extra}",
        ]


def iou(a: Xyxy, b: Xyxy) -> float:
    """Return intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


def compare(
    truth: Mapping[str, Any],
    observations: Iterable[Observed],
    *,
    shown_at: datetime,
    into: Figures,
    interval_s: float = 1.0,
) -> Figures:
    """Add one camera's comparison to ``into``.

    Args:
        truth: The content of a ``camN.truth.json``.
        observations: All observations of the camera.
        shown_at: Instant at which the camera showed the clip's first picture.
        into: Figures to add to.
        interval_s: Length of an interval.
    """
    by_interval: dict[datetime, list[Observed]] = defaultdict(list)
    for one in observations:
        by_interval[one.observed_at].append(one)
    tracks: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for second in truth["seconds_truth"]:
        middle = shown_at + timedelta(seconds=second["t"] + 0.5)
        seen = _in_interval(by_interval, middle, interval_s)
        boxes = [_fractions(f["box"], truth["width"], truth["height"]) for f in second["faces"]]
        pairs = _assign(boxes, [one.box for one in seen])
        matched = {(seen[j].run, seen[j].track_id) for j in pairs.values()}
        for i, (face, box) in enumerate(zip(second["faces"], boxes, strict=True)):
            best = seen[pairs[i]] if i in pairs else None
            found = best is not None
            if best is not None:
                visit = _visit(truth["people"], face["person"], second["t"] + 0.5)
                tracks[visit].add((best.run, best.track_id))
            if not face["settled"]:
                continue
            into.settled += 1
            into.settled_seen += found
            right = best is not None and best.emotion == face["expression"]
            into.settled_right += right
            if not right:
                said = best.emotion if best else "nothing"
                into.missed.append(
                    f"t={second['t']} {face['person']} {face['expression']}: {said},"
                    f" {box[3] - box[1]:.3f} high"
                )
        into.extra += len([s for s in seen if (s.run, s.track_id) not in matched])
    owners: dict[tuple[str, int], set[str]] = defaultdict(set)
    for visit, ids in tracks.items():
        for one_id in ids:
            owners[one_id].add(visit)
    for visitor in truth["people"]:
        visit = f"{visitor['person']}@{visitor['enter_s']}"
        ids = tracks.get(visit, set())
        into.visits += 1
        whole = len(ids) == 1 and all(len(owners[one_id]) == 1 for one_id in ids)
        into.visits_one_track += whole
        if not whole:
            into.missed.append(f"visit {visit}: tracks {sorted(ids)}")
    return into


def happy_spells(truth: Mapping[str, Any], least_s: float) -> list[tuple[float, float]]:
    """Return ``(from_s, to_s)`` of every time of at least ``least_s`` seconds that is happy.

    For clips with one person at a time; a spell that follows another without a pause joins it.
    """
    spells: list[tuple[float, float]] = []
    for person in truth["people"]:
        for from_s, to_s, mood in person["expressions"]:
            if mood == "happy":
                if spells and abs(spells[-1][1] - from_s) < 0.05:
                    spells[-1] = (spells[-1][0], to_s)
                else:
                    spells.append((from_s, to_s))
    return [(a, b) for a, b in spells if b - a >= least_s]


def _in_interval(
    by_interval: Mapping[datetime, Sequence[Observed]], instant: datetime, interval_s: float
) -> list[Observed]:
    span = timedelta(seconds=interval_s)
    return [
        one
        for start, observed in by_interval.items()
        if start <= instant < start + span
        for one in observed
    ]


def _assign(faces: Sequence[Xyxy], observed: Sequence[Xyxy]) -> dict[int, int]:
    """Return which observation belongs to which face: one to one, best overlap first, from 0.5.

    Where one face hides another there is one observation, and it belongs to the one in front.
    """
    overlaps = [(iou(a, b), i, j) for i, a in enumerate(faces) for j, b in enumerate(observed)]
    pairs: dict[int, int] = {}
    for overlap, i, j in sorted(overlaps, reverse=True):
        if overlap >= 0.5 and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _fractions(box: Sequence[float], width: int, height: int) -> Xyxy:
    return (box[0] / width, box[1] / height, box[2] / width, box[3] / height)


def _visit(people: Sequence[Mapping[str, Any]], person: str, t: float) -> str:
    for visitor in people:
        if visitor["person"] == person and visitor["enter_s"] <= t < visitor["leave_s"]:
            return f"{person}@{visitor['enter_s']}"
    return f"{person}@?"
