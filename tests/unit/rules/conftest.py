"""A hand-driven stage for rules: events made by the second, a clock that only tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.rules.engine import RuleEngine
from surveil.rules.instance import Transition
from surveil.rules.model import Rule

START_AT = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)
Face = tuple[int, str] | tuple[int, str, float]


def at(second: float) -> datetime:
    """Return the instant some seconds after the start."""
    return START_AT + timedelta(seconds=second)


def vote(face: Face) -> TrackVote:
    """Return a vote of ``(track_id, emotion[, confidence])``; the rest of the score is shared."""
    track_id, name, confidence = face if len(face) == 3 else (*face, 0.9)
    emotion = Emotion(name)
    others = (1.0 - confidence) / (len(EMOTIONS) - 1)
    scores = tuple(confidence if each is emotion else others for each in EMOTIONS)
    box = Box(0.1, 0.1, 0.2, 0.2)
    return TrackVote(track_id, 5, box, 0.99, 80, emotion, confidence, scores)


def interval(
    second: float,
    *faces: Face,
    seq: int | None = None,
    camera: str = "lobby",
    run: str = "R1",
    analysed: int = 5,
    lasts_s: float = 1.0,
) -> IntervalEvent:
    """Return what a camera saw in the interval that begins at a second; ``seq`` counts from 1."""
    return IntervalEvent(
        camera=camera,
        run=run,
        seq=int(second) + 1 if seq is None else seq,
        from_at=at(second),
        to_at=at(second + lasts_s),
        frames=FrameCounts(captured=25, sampled=5, analysed=analysed),
        tracks=tuple(vote(face) for face in faces),
        model="test@000000",
    )


def offline(second: float, *, seq: int, camera: str = "lobby", run: str = "R1") -> CameraEvent:
    """Return a camera's going offline."""
    return CameraEvent(camera, run, seq, at(second), CameraState.OFFLINE, Reason.TIMEOUT)


class Stage:
    """An engine and the transitions it made, as ``(second, key, to_state)``."""

    def __init__(self, engine: RuleEngine) -> None:
        self.engine = engine
        self.transitions: list[Transition] = []

    def see(self, *events: IntervalEvent | CameraEvent) -> Stage:
        for event in events:
            self.transitions += self.engine.observe(event)
        return self

    def tick(self, *seconds: float) -> Stage:
        for second in seconds:
            self.transitions += self.engine.tick(at(second))
        return self

    def play(self, faces: Mapping[range, tuple[Face, ...]] | str, **options: Any) -> Stage:
        """Play a script in which each character is a second, and the clock ticks along.

        ``h`` a happy face, ``a`` an angry one, ``n`` neutral, ``.`` nobody, ``x`` not analysed,
        `` `` no interval at all. A second's interval arrives one second after it begins.
        """
        names = {"h": "happy", "a": "angry", "n": "neutral"}
        assert isinstance(faces, str)
        seq = 0
        for second, mark in enumerate(faces):
            if mark != " ":
                seq += 1
                seen: tuple[Face, ...] = ((1, names[mark]),) if mark in names else ()
                analysed = 0 if mark == "x" else 5
                self.see(interval(second, *seen, seq=seq, analysed=analysed, **options))
            self.tick(second + 1.25)
        return self

    @property
    def log(self) -> list[tuple[float, str]]:
        return [((t.at - START_AT).total_seconds(), t.to_state.value) for t in self.transitions]

    @property
    def states(self) -> list[str]:
        return [t.to_state.value for t in self.transitions]


def make_rule(**fields: Any) -> Rule:
    """Return a rule; by default happy for more than half of three seconds."""
    fields = {
        "name": "joy",
        "when": [{"share": {"emotion": "happy", "over": "3s"}, "above": 0.5}],
        **fields,
    }
    return Rule.model_validate(fields)


def make_stage(
    *rules: Rule, cameras: tuple[str, ...] = ("lobby",), start: float = 0.0, **options: Any
) -> Stage:
    """Return a stage with an engine that watches from a second on."""
    return Stage(RuleEngine(rules or (make_rule(),), cameras, start_at=at(start), **options))


class Kit:
    """What tests build with; a fixture, since test modules cannot import each other."""

    at = staticmethod(at)
    interval = staticmethod(interval)
    offline = staticmethod(offline)
    rule: Callable[..., Rule] = staticmethod(make_rule)
    stage: Callable[..., Stage] = staticmethod(make_stage)


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit
