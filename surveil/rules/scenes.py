"""What a camera saw, in a few words, as the events that it would have sent.

``3 neutral x 30s; 2 angry@0.7 + 1 neutral x 25s; nobody x 10s; offline x 60s``: scenes one after
the other, each with how long it lasts. A face keeps its number from scene to scene as long as
there are as many: ``2 angry + 1 neutral`` after ``3 neutral`` are the same three.

| scene | events |
|---|---|
| ``2 angry@0.7 + 1 neutral`` | intervals with so many faces; confidence 0.9 unless said |
| ``nobody`` | intervals without a face |
| ``unseen`` | intervals of which no frame was analysed |
| ``offline`` | the camera's change of state, then none; a new run begins behind it |
| ``stopped`` | likewise, in order |
| ``away`` | no event at all, as when inference is away |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.durations import parse_duration

CONFIDENCE = 0.9
MAX_FACES = 200
MAX_SCENE_S = 31 * 86400.0
MAX_SCENES = 1000
STATES = ("nobody", "unseen", "offline", "stopped", "away")
SEEN = ("", "nobody")
"""States of scenes that are analysed."""

_SCENE = re.compile(r"(?P<what>.+?)\s*(?:\bx\b|×|\*)\s*(?P<lasts>[\d.]+[a-z\d.]*)", re.DOTALL)
_FACES = re.compile(r"(?P<count>\d{1,4})\s+(?P<emotion>[a-z]+)(?:@(?P<confidence>[01]?\.?\d+))?")
_BOX = Box(0.1, 0.1, 0.2, 0.2)
_MODEL = "scenes@000000"


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene.

    Attributes:
        state: One of ``STATES``, or empty where faces are seen.
        faces: Emotion and confidence of each.
        lasts_s: How long it lasts.
    """

    state: str
    faces: tuple[tuple[Emotion, float], ...]
    lasts_s: float


def parse_scenes(text: str) -> tuple[Scene, ...]:
    """Return the scenes of a script.

    Raises:
        ValueError: One of them cannot be read; the message says which, and what one looks like.
    """
    parts = [part.strip() for part in text.split(";")]
    if parts and not parts[-1]:
        parts.pop()
    if not 0 < len(parts) <= MAX_SCENES:
        raise ValueError(f"1 to {MAX_SCENES} scenes such as '3 neutral x 30s', divided by ';'")
    return tuple(_parse(part, number) for number, part in enumerate(parts, start=1))


def _parse(part: str, number: int) -> Scene:
    where = f"scene {number} ({part[:40]!r})"
    match = _SCENE.fullmatch(part)
    if match is None:
        raise ValueError(f"{where} is not such as '2 angry + 1 neutral x 25s' or 'offline x 1m'")
    try:
        lasts_s = parse_duration(match["lasts"])
    except ValueError as error:
        raise ValueError(f"{where}: its length {error}") from None
    if not 0 < lasts_s <= MAX_SCENE_S:
        raise ValueError(f"{where} lasts for no time, or for more than 31 days")
    what = match["what"].strip()
    if what in STATES:
        return Scene(what, (), lasts_s)
    faces: list[tuple[Emotion, float]] = []
    for group in what.split("+"):
        faces += _parse_faces(group.strip(), where)
    if len(faces) > MAX_FACES:
        raise ValueError(f"{where} has more than {MAX_FACES} faces")
    return Scene("", tuple(faces), lasts_s)


def _parse_faces(group: str, where: str) -> list[tuple[Emotion, float]]:
    match = _FACES.fullmatch(group)
    if match is None:
        states = ", ".join(STATES)
        raise ValueError(
            f"{where}: {group[:40]!r} is neither such as '2 angry' nor one of {states}"
        )
    if match["emotion"] not in set(Emotion):
        known = ", ".join(Emotion)
        raise ValueError(f"{where}: unknown emotion {match['emotion']!r}; one of {known}")
    confidence = float(match["confidence"] or CONFIDENCE)
    if not 1 / len(EMOTIONS) <= confidence <= 1:
        raise ValueError(f"{where}: a confidence is between 0.15 and 1")
    return int(match["count"]) * [(Emotion(match["emotion"]), confidence)]


def length_s(scenes: tuple[Scene, ...]) -> float:
    """Return how long all scenes last."""
    return sum(scene.lasts_s for scene in scenes)


def play_scenes(
    camera: str, scenes: tuple[Scene, ...], start_at: datetime, interval_s: float
) -> Iterator[Event]:
    """Yield the events of a camera's scenes in order of time.

    An interval that two scenes share shows the one that has more of it; runs are ``CAMERA-1``,
    ``CAMERA-2``, faces are tracks from 1 on.
    """
    run, seq, number = "", 0, 0
    ends = _ends(scenes)
    state_before = "offline"
    for begin_s, scene in _intervals(scenes, ends, interval_s):
        at = start_at + timedelta(seconds=begin_s)
        state = scene.state
        if state in ("offline", "stopped"):
            if state != state_before:
                if not run:
                    number, run, seq = number + 1, f"{camera}-{number + 1}", 0
                seq += 1
                yield _change(camera, run, seq, at, state)
                run = ""
        elif state != "away":
            if not run:
                number, run, seq = number + 1, f"{camera}-{number + 1}", 1
                yield CameraEvent(camera, run, seq, at, CameraState.LIVE, Reason.NONE)
            seq += 1
            yield _interval(camera, run, seq, at, interval_s, scene)
        state_before = state


def _ends(scenes: tuple[Scene, ...]) -> list[float]:
    ends, total_s = [], 0.0
    for scene in scenes:
        total_s += scene.lasts_s
        ends.append(total_s)
    return ends


def _intervals(
    scenes: tuple[Scene, ...], ends: list[float], interval_s: float
) -> Iterator[tuple[float, Scene]]:
    """Yield the begin of each whole interval, and the scene that most of it shows."""
    place, count = 0, int(ends[-1] / interval_s + 1e-9)
    for number in range(count):
        middle_s = (number + 0.5) * interval_s
        while ends[place] <= middle_s:
            place += 1
        yield number * interval_s, scenes[place]


def _change(camera: str, run: str, seq: int, at: datetime, state: str) -> CameraEvent:
    reason = Reason.SHUTDOWN if state == "stopped" else Reason.TIMEOUT
    return CameraEvent(camera, run, seq, at, CameraState(state), reason)


def _interval(
    camera: str, run: str, seq: int, at: datetime, interval_s: float, scene: Scene
) -> IntervalEvent:
    frames = max(1, round(5 * interval_s))
    return IntervalEvent(
        camera=camera,
        run=run,
        seq=seq,
        from_at=at,
        to_at=at + timedelta(seconds=interval_s),
        frames=FrameCounts(
            captured=5 * frames, sampled=frames, analysed=0 if scene.state == "unseen" else frames
        ),
        tracks=tuple(
            _vote(track_id, frames, *face) for track_id, face in enumerate(scene.faces, start=1)
        ),
        model=_MODEL,
    )


def _vote(track_id: int, frames: int, emotion: Emotion, confidence: float) -> TrackVote:
    scores = scores_of(emotion, confidence)
    return TrackVote(track_id, frames, _BOX, 0.99, 80, emotion, confidence, scores)


def scores_of(emotion: Emotion, confidence: float) -> tuple[float, ...]:
    """Return the scores of a face: what its emotion leaves is divided evenly among the others."""
    others = (1.0 - confidence) / (len(EMOTIONS) - 1)
    return tuple(confidence if each is emotion else others for each in EMOTIONS)
