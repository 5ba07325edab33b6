"""What an alert is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """The kinds of subject an alert can have."""

    CAMERA = "camera"
    TRACK = "track"
    SITE = "site"
    LABEL = "label"

    @property
    def spans_cameras(self) -> bool:
        """Whether an alert is about several cameras together."""
        return self in (By.SITE, By.LABEL)


@dataclass(frozen=True, slots=True)
class Key:
    """The subject of one alert. Empty fields do not apply to its kind."""

    by: By
    camera: str = ""
    run: str = ""
    track_id: int = 0
    label: str = ""
    """``name=value``, of the cameras that it is about."""

    @property
    def text(self) -> str:
        """The camera's id, ``run:track_id``, ``name=value`` or ``site``."""
        if self.by is By.CAMERA:
            return self.camera
        if self.by is By.TRACK:
            return f"{self.run}:{self.track_id}"
        return self.label or "site"

    @property
    def group(self) -> str:
        """The camera, or the label of several; empty for the site. No camera has a ``=``."""
        return self.camera or self.label
