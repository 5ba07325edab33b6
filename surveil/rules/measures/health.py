"""``health``: whether a camera is seen at all, and whether inference speaks of it."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from surveil.durations import Duration
from surveil.rules.conditions import Condition
from surveil.rules.instants import reaches
from surveil.rules.keys import By
from surveil.rules.reading import UNKNOWN, Reading, View


class HealthCondition(Condition):
    """True once something was missed for ``silent_for``; the value is for how many seconds.

    ``camera``: no frame of the camera was analysed. It counts from when inference was first heard
    of, and not while the camera is starting or was stopped in order, or while a rule of
    ``health: inference`` knows that the fault is not the camera's.

    ``inference``: of one of the cameras came no event at all, though none said that it has no
    picture; while a model loads, too.

    It is unknown while the silence reaches back to before the engine watched and the part that it
    did watch is shorter than ``silent_for``; but a silence that was found before ends only with a
    sign of life, whoever watched in between.
    """

    keyword: ClassVar[str] = "health"
    follows_clock: ClassVar[bool] = True

    health: Literal["camera", "inference"]
    silent_for: Annotated[Duration, Field(ge=3.0)]

    @property
    def over_s(self) -> float:
        """The measure looks at the clock, not at a window."""
        return 0.0

    @property
    def threshold(self) -> float:
        """Seconds of silence."""
        return self.silent_for

    @property
    def warm_up_s(self) -> float:
        """The silence asked for."""
        return self.silent_for

    @property
    def subjects(self) -> tuple[By, ...]:
        """A camera, or for inference all of them."""
        return (By.CAMERA,) if self.health == "camera" else (By.CAMERA, By.SITE, By.LABEL)

    @property
    def watches_inference(self) -> bool:
        """Whether the condition tells when inference does not speak of a camera."""
        return self.health == "inference"

    def read(self, view: View) -> Reading:
        """Return the silence in seconds."""
        silence = view.blindness() if self.health == "camera" else view.absence()
        if silence.is_excused:
            return UNKNOWN
        total_s = silence.total_s
        if reaches(total_s, self.silent_for) and not reaches(silence.watched_s, self.silent_for):
            at_least_s = total_s if isfinite(total_s) else self.silent_for
            return Reading(known=False, value=at_least_s, persists=True)
        return Reading(known=True, value=total_s if isfinite(total_s) else silence.watched_s)

    def holds(self, value: float, *, latched: bool) -> bool:
        """Return whether the silence has lasted; one sign of life ends it."""
        return reaches(value, self.silent_for)
