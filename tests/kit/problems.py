"""What is wrong or unwise in a fleet file, as tests of other things want to see it."""

from __future__ import annotations

from surveil.config.loading import Loaded
from surveil.config.problems import Problem


def besides_purpose(loaded: Loaded) -> list[Problem]:
    """Return the warnings, less that nobody has said what the cameras are for."""
    return [one for one in loaded.warnings if "what these cameras are for" not in one.message]
