"""What an alert is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """The kinds of subject an alert can have."""

    CAMERA = "camera"
    TRACK = "track"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Key:
    """The subject of one alert. Empty fields do not apply to its kind."""

    by: By
    camera: str = ""
    run: str = ""
    track_id: int = 0

    @property
    def text(self) -> str:
        """The camera's id, ``run:track_id``, or ``site``."""
        if self.by is By.CAMERA:
            return self.camera
        return f"{self.run}:{self.track_id}" if self.by is By.TRACK else "site"
