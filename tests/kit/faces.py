"""Faces whose place is known: drawn ones, and walking ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box, Detection
from surveil.track import TrackedFace

_SKIN, _HAIR, _LIPS = (224, 180, 150), (60, 40, 30), (170, 70, 70)


def draw_face(picture: NDArray[np.uint8], x: float, y: float, size: float) -> None:
    """Draw a frontal face into an RGB picture, about ``size`` pixels high around ``x, y``."""
    unit = size / 100

    def ellipse(
        dx: float, dy: float, half_width: float, half_height: float, colour: tuple[int, int, int]
    ) -> None:
        centre = (round(x + dx * unit), round(y + dy * unit))
        axes = (max(1, round(half_width * unit)), max(1, round(half_height * unit)))
        cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    ellipse(0, -8, 46, 62, _HAIR)
    ellipse(0, 5, 38, 52, _SKIN)
    for side in (-1, 1):
        ellipse(16 * side, -8, 8, 4.5, (250, 250, 250))
        ellipse(16 * side, -8, 4, 4.2, (40, 30, 30))
        ellipse(16 * side, -18, 10, 2.5, (70, 45, 35))
        ellipse(4 * side, 17, 2.5, 1.6, (120, 70, 60))
    ellipse(0, 10, 5, 9, (205, 155, 125))
    ellipse(0, 32, 14, 4.5, _LIPS)
    ellipse(0, 31, 13, 1.2, (110, 40, 40))


def drawn_frame(
    width: int, height: int, *faces: tuple[float, float, float], noise_seed: int = 0
) -> NDArray[np.uint8]:
    """Return an RGB picture of drawn faces, each ``(x, y, size)``, with a little noise."""
    picture = np.full((height, width, 3), 190, dtype=np.uint8)
    for face in faces:
        draw_face(picture, *face)
    blurred = cv2.GaussianBlur(picture, (0, 0), 1).astype(np.int16)
    noise = np.random.default_rng(noise_seed).integers(-3, 4, (height, width, 1))
    return np.asarray(np.clip(blurred + noise, 0, 255), np.uint8)


WIDTH, HEIGHT = 1280, 720
FRAME_SIZE = (WIDTH, HEIGHT)
MISSED = 0.05
"""Share of the visible faces that are not detected."""
FALSE_PER_FRAME = 0.1
SCATTER = 0.03
"""Of centre and size, in sizes of the face."""


def face_at(x: float, y: float, size: float, score: float = 0.99) -> Detection:
    """Return a detection of the given height around a centre; 3 wide to 4 high as MTCNN's are."""
    half_width, half_height = size * 0.375, size * 0.5
    box = Box(x - half_width, y - half_height, x + half_width, y + half_height)
    return Detection(box, score, np.zeros((5, 2), dtype=np.float32))


@dataclass(frozen=True)
class Seen:
    """A detection and who it is; ``None`` for a false one."""

    detection: Detection
    person: int | None


@dataclass(frozen=True)
class Visit:
    """One person's way: in within ``walk_s``, at ``x`` for a while, out within ``walk_s``."""

    person: int
    enter_s: float
    leave_s: float
    walk_s: float
    size: float
    x: float
    y: float
    enter_x: float
    leave_x: float
    phase: float

    def centre(self, at_s: float) -> tuple[float, float]:
        into = min((at_s - self.enter_s) / self.walk_s, 1.0)
        out = min((self.leave_s - at_s) / self.walk_s, 1.0)
        x = self.x + 0.1 * self.size * np.sin(at_s * 0.9 + self.phase)
        if into < out:
            x = self.enter_x + (x - self.enter_x) * into
        else:
            x = self.leave_x + (x - self.leave_x) * out
        return x, self.y + 0.05 * self.size * np.sin(at_s * 5 + self.phase)


def visits(rng: np.random.Generator, count: int, seconds: float) -> list[Visit]:
    """Return visits spread over so many seconds."""
    plan = []
    for person in range(count):
        enter_s = rng.uniform(0, seconds - 8)
        size = rng.uniform(50, 150)
        outside = np.array([-size, WIDTH + size])
        enter_x, leave_x = rng.choice(outside, 2)
        plan.append(
            Visit(
                person=person,
                enter_s=enter_s,
                leave_s=min(enter_s + rng.uniform(6, 15), seconds),
                walk_s=rng.uniform(1.8, 3.0),
                size=size,
                x=rng.uniform(0.15, 0.85) * WIDTH,
                y=rng.uniform(0.3, 0.7) * HEIGHT,
                enter_x=enter_x,
                leave_x=leave_x,
                phase=rng.uniform(0, 6.28),
            )
        )
    return plan


def observe(rng: np.random.Generator, plan: Sequence[Visit], at_s: float) -> list[Seen]:
    """Return what a detector sees of the people at an instant."""
    seen: list[Seen] = []
    present = [v for v in plan if v.enter_s <= at_s < v.leave_s]
    for visit in sorted(present, key=lambda v: -v.size):  # near ones hide far ones
        x, y = visit.centre(at_s)
        hidden = any(
            abs(x - ox) < 0.4 * visit.size and abs(y - oy) < 0.5 * visit.size
            for other in present
            if other.size > visit.size
            for ox, oy in [other.centre(at_s)]
        )
        if hidden or not 0 < x < WIDTH or rng.random() < MISSED:
            continue
        dx, dy, growth = rng.normal(0, SCATTER, 3)
        size = visit.size * (1 + growth)
        found = face_at(x + dx * size, y + dy * size, size, score=rng.uniform(0.93, 1))
        seen.append(Seen(found, visit.person))
    if rng.random() < FALSE_PER_FRAME:
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        false = face_at(x, y, rng.uniform(40, 150), score=rng.uniform(0.7, 1))
        seen.append(Seen(false, None))
    return seen


@dataclass(frozen=True)
class Outcome:
    """How well faces were followed, summed over scenes.

    Attributes:
        visits: People who came by.
        one_track: Of those, followed as one track that was nobody else's, but for single frames: at
            least nine in ten of the person's faces and of the track's faces are each other's.
        switches: Changes of a person's identity from one frame to the next.
        false_tracks: Tracks of nobody.
        followed: Share of the detected faces that belonged to a track, 0..1.
    """

    visits: int
    one_track: int
    switches: int
    false_tracks: int
    followed: float


Update = Callable[[Sequence[Detection], float], list[TrackedFace]]
"""What a tracker does with a frame's detections and its time."""


def follow(
    new_tracker: Callable[[], Update], *, scenes: int, fps: float = 5.0, people: int = 8
) -> Outcome:
    """Run a tracker over simulated scenes of 40 seconds and compare with the truth."""
    total: Counter[str] = Counter()
    for seed in range(scenes):
        rng = np.random.default_rng(seed)
        plan, update, at_s = visits(rng, people, 40.0), new_tracker(), 0.0
        ids_of: dict[int, list[int]] = defaultdict(list)
        people_of: dict[int, list[int | None]] = defaultdict(list)
        while at_s < 40:
            seen = observe(rng, plan, at_s)
            persons = {id(one.detection): one.person for one in seen}
            for face in update([one.detection for one in seen], at_s):
                person = persons[id(face.detection)]
                people_of[face.track_id].append(person)
                if person is not None:
                    ids_of[person].append(face.track_id)
            total["detected"] += sum(one.person is not None for one in seen)
            at_s += rng.uniform(0.8, 1.2) / fps
        total["visits"] += people
        total["followed"] += sum(len(ids) for ids in ids_of.values())
        total["false"] += sum(set(who) == {None} for who in people_of.values())
        for person, ids in ids_of.items():
            track, times = Counter(ids).most_common(1)[0]
            own = people_of[track].count(person)
            total["one"] += times >= 0.9 * len(ids) and own >= 0.9 * len(people_of[track])
            total["switches"] += sum(a != b for a, b in pairwise(ids))
    return Outcome(
        visits=total["visits"],
        one_track=total["one"],
        switches=total["switches"],
        false_tracks=total["false"],
        followed=total["followed"] / total["detected"],
    )
