"""Why a source cannot be read, in words that hold no credentials. Loads no FFmpeg."""

from __future__ import annotations

from dataclasses import dataclass

from surveil.domain import Reason
from surveil.errors import SurveilError


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stream could not be opened or read. ``detail`` is for people, free of credentials."""

    reason: Reason
    detail: str = ""


class SourceError(SurveilError):
    """A camera or file cannot be read: see ``failure``."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail or failure.reason.value)
        self.failure = failure
