"""The error tree.

Every error a user can cause or meet derives from :class:`SurveilError`, says what to do about it in
its message, and carries the exit code of the command that it ends.
"""

from __future__ import annotations


class SurveilError(Exception):
    """Root of all errors raised on purpose; ``str(error)`` is fit to be shown to an operator."""

    exit_code = 1

    def report(self) -> str:
        """Return what the command line prints, one or more lines."""
        return f"surveil: {self}"


NOT_LIVE_EXIT_CODE = 6
"""Of ``surveil status``: the daemon runs, and not all of it is live."""

NOT_RUNNING_EXIT_CODE = 7
"""Of ``surveil status``: no daemon runs."""


class ConfigError(SurveilError):
    """The configuration or a command's arguments are wrong; nothing was started."""

    exit_code = 2


class ModelError(SurveilError):
    """Weights are missing, corrupt or not what ``model.json`` says."""

    exit_code = 3


class InUseError(SurveilError):
    """A port, socket or directory belongs to another process, which the message names."""

    exit_code = 4


class UnavailableError(SurveilError, ConnectionError):
    """A server (Redis, SQL) could not be reached within the bounds of a command."""

    exit_code = 5
