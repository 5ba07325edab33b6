"""What is known around an alert at the instant of a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from surveil.rules.instance import Evidence
from surveil.rules.keys import Key
from surveil.rules.keyview import KeyView
from surveil.rules.plan import Plan
from surveil.rules.silences import Silence


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A :class:`surveil.rules.instance.Context`; made for each step, asked seldom.

    Attributes:
        plan: Of the alert's rule.
        key: The alert's.
        view: What its rule looked at.
        silences: In force or to come.
    """

    plan: Plan
    key: Key
    view: KeyView
    silences: Sequence[Silence]

    def withheld(self) -> str:
        """Return why nobody is to be told that the alert fires."""
        muter = self.plan.muted_by(self.key.group)
        if muter:
            return f"muted by {muter}"
        rule, cameras = self.plan.rule, self.plan.cameras[self.key.group]
        for silence in self.silences:
            if silence.covers(rule.name, rule.labels, cameras, self.view.until_s):
                return f"silenced by {silence.id}"
        return ""

    def evidence(self) -> Evidence:
        """Return how many faces were seen, and how much of the time was analysed."""
        over_s = self.plan.rule.over_s
        if not over_s:
            return Evidence()
        counts = self.view.face_counts(over_s)
        return Evidence(
            faces=float(sum(median(camera) for camera in counts if camera)),
            coverage=round(min(1.0, self.view.coverage(over_s)), 3),
        )
