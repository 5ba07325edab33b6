"""Errors of training and of its data."""

from __future__ import annotations

from surveil.errors import ConfigError, SurveilError


class DataError(ConfigError):
    """Training data is missing or not what it should be; the message names the file or row."""


class DivergedError(SurveilError):
    """The loss is no longer a number; the last checkpoint is from before that."""


class CheckpointError(SurveilError):
    """A checkpoint is unreadable or belongs to another run."""
