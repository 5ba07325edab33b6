"""``health``: whether a camera is seen at all."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from surveil.durations import Duration
from surveil.rules.conditions import Condition
from surveil.rules.instants import reaches
from surveil.rules.keys import By
from surveil.rules.reading import Reading, View


class HealthCondition(Condition):
    """True once no frame of the camera was analysed for ``silent_for``, whatever the cause.

    A camera that never appeared is silent from the engine's start on. The value is the silence in
    seconds. It is unknown while the silence reaches back to before the engine watched and the part
    that it did watch is shorter than ``silent_for``; but a silence that was found before ends only
    with a frame, whoever watched in between.
    """

    keyword: ClassVar[str] = "health"
    follows_clock: ClassVar[bool] = True

    health: Literal["camera"]
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
        """A camera: what is silent is one of them."""
        return (By.CAMERA,)

    def read(self, view: View) -> Reading:
        """Return the silence in seconds."""
        watched_s, total_s = view.silence_s()
        if reaches(total_s, self.silent_for) and not reaches(watched_s, self.silent_for):
            at_least_s = total_s if isfinite(total_s) else self.silent_for
            return Reading(known=False, value=at_least_s, persists=True)
        return Reading(known=True, value=total_s if isfinite(total_s) else watched_s)

    def holds(self, value: float, *, latched: bool) -> bool:
        """Return whether the silence has lasted; one analysed frame ends it."""
        return reaches(value, self.silent_for)
