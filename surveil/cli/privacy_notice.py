"""``surveil privacy notice``."""

from __future__ import annotations

from surveil.cli.privacy_texts import notice as command

__all__ = ["command"]
