"""Clips that come with surveil; see the README beside them."""

from __future__ import annotations

from pathlib import Path

CLIPS = {name: Path(__file__).parent / "media" / f"{name}.mp4" for name in ("entrance", "lounge")}
"""What simulated cameras show unless told otherwise, by their names."""
