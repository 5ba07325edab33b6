"""``health``: whether a camera is seen, inference speaks of it, and the model is sure."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from surveil.durations import Duration, format_duration
from surveil.rules.conditions import Condition, Over
from surveil.rules.instants import reaches
from surveil.rules.keys import By
from surveil.rules.reading import MIN_COVERAGE, UNKNOWN, Reading, View

UNSURE = 0.5
"""A vote of which the chosen emotion has less than half of the score is unsure."""
DEFAULT_UNSURE = 0.6
DEFAULT_OVER_S = 600.0
MARGIN_S = 0.01


def silence_left_s(conditions: Iterable[Condition], view: View) -> float:
    """Return for how long no condition of silence can become true, unless a camera's state changes.

    An interval only ends silences; 0 where one of them is not known.
    """
    left_s = inf
    for condition in conditions:
        if not isinstance(condition, HealthCondition) or condition.silent_for is None:
            return 0.0
        reading = condition.read(view)
        if not reading.known or reading.value is None:
            return 0.0
        left_s = min(left_s, condition.silent_for - reading.value)
    return max(0.0, left_s - MARGIN_S)


class HealthCondition(Condition):
    """True once something was missed for ``silent_for``; the value is for how many seconds.

    ``camera``: no frame of the camera was analysed. It counts from when inference was first heard
    of, and not while the camera is starting or was stopped in order, or while a rule of
    ``health: inference`` knows that the fault is not the camera's.

    ``inference``: of one of the cameras came no event at all, though none said that it has no
    picture; while a model loads, too.

    ``model``: more than ``unsure_above`` of the votes of ``over`` are unsure; the value is which
    part. Light, angle or people are then such as the model was not made for.

    A silence is unknown while it reaches back to before the engine watched and the part that it
    did watch is shorter than ``silent_for``; but a silence that was found before ends only with a
    sign of life, whoever watched in between.
    """

    keyword: ClassVar[str] = "health"

    health: Literal["camera", "inference", "model"]
    silent_for: Annotated[Duration, Field(ge=3.0)] | None = None
    over: Over | None = None
    unsure_above: Annotated[float, Field(gt=0, lt=1, strict=True)] | None = None

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if self.health == "model":
            if self.silent_for is not None:
                raise ValueError("'silent_for' goes with health: camera or inference")
            return self
        if self.over is not None or self.unsure_above is not None:
            raise ValueError("'over' and 'unsure_above' go with health: model")
        if self.silent_for is None:
            raise ValueError("'silent_for' is missing: for how long nothing may be heard")
        return self

    @property
    def follows_clock(self) -> bool:
        """Whether the measure grows by the clock alone."""
        return self.health != "model"

    @property
    def over_s(self) -> float:
        """Seconds of the past that the measure needs; a silence needs none."""
        return 0.0 if self.follows_clock else self.over or DEFAULT_OVER_S

    @property
    def threshold(self) -> float:
        """Seconds of silence, or the part of unsure votes."""
        return self.silent_for or self.unsure_above or DEFAULT_UNSURE

    @property
    def warm_up_s(self) -> float:
        """The silence asked for, or the window."""
        return self.silent_for or self.over_s

    @property
    def subjects(self) -> tuple[By, ...]:
        """A camera; inference and the model may be of several."""
        return (By.CAMERA,) if self.health == "camera" else (By.CAMERA, By.SITE, By.LABEL)

    @property
    def watches_inference(self) -> bool:
        """Whether the condition tells when inference does not speak of a camera."""
        return self.health == "inference"

    @property
    def words(self) -> str:
        """The whole condition, in words."""
        if self.silent_for is None:
            over = format_duration(self.over_s)
            return f"more than {100 * self.threshold:g}% of the votes of the last {over} are unsure"
        silent = format_duration(self.silent_for)
        if self.health == "camera":
            return f"no frame of the camera has been analysed for {silent}"
        return f"inference has said nothing of a camera for {silent}"

    def read(self, view: View) -> Reading:
        """Return the silence in seconds, or the part of unsure votes."""
        if self.silent_for is None:
            return self._read_model(view)
        silence = view.blindness() if self.health == "camera" else view.absence()
        if silence.is_excused:
            return UNKNOWN
        total_s = silence.total_s
        if reaches(total_s, self.silent_for) and not reaches(silence.watched_s, self.silent_for):
            at_least_s = total_s if isfinite(total_s) else self.silent_for
            return Reading(known=False, value=at_least_s, persists=True)
        return Reading(known=True, value=total_s if isfinite(total_s) else silence.watched_s)

    def holds(self, value: float, *, latched: bool) -> bool:
        """Return whether the silence has lasted, which one sign of life ends; or is too unsure."""
        if self.silent_for is None:
            return value > self.threshold
        return reaches(value, self.silent_for)

    def _read_model(self, view: View) -> Reading:
        if view.coverage(self.over_s) < MIN_COVERAGE:
            return UNKNOWN
        votes = view.votes(self.over_s)
        if not votes:
            return UNKNOWN
        return Reading(known=True, value=sum(v.confidence < UNSURE for v in votes) / len(votes))
