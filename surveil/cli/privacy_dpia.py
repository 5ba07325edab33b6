"""``surveil privacy dpia``."""

from __future__ import annotations

from surveil.cli.privacy_texts import dpia as command

__all__ = ["command"]
