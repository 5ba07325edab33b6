"""Silences: alerts that are written down, but that nobody is told of for a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Silence:
    """What nobody is to be told of. Each part given must match; globs as in rules.

    Attributes:
        id: Names it in the history of alerts.
        from_s: Seconds since the epoch.
        until_s: Likewise; not included.
        rule: Name of the rule.
        camera: Id of the camera; an alert about several is silenced if all of them match.
        labels: Of the rule.
    """

    id: str
    from_s: float
    until_s: float
    rule: str = "*"
    camera: str = "*"
    labels: Mapping[str, str] = field(default_factory=dict)

    def covers(
        self, rule: str, labels: Mapping[str, str], cameras: Iterable[str], at_s: float
    ) -> bool:
        """Return whether an alert of a rule about some cameras is silenced at an instant."""
        return (
            self.from_s <= at_s < self.until_s
            and fnmatchcase(rule, self.rule)
            and all(fnmatchcase(camera, self.camera) for camera in cameras)
            and all(fnmatchcase(labels.get(name, ""), glob) for name, glob in self.labels.items())
        )

    def covers_alert(
        self, rule: str, labels: Mapping[str, str], camera: str | None, at_s: float
    ) -> bool:
        """Return the same of an alert as it is stored: of one about several it is not known which.

        Such a one, whose camera is None, is covered only where cameras play no part.
        """
        cameras = [camera] if camera else [] if self.camera == "*" else [""]
        return self.covers(rule, labels, cameras, at_s)
