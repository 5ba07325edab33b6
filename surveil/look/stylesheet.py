"""Where the style sheet is: the dashboard serves the file, reports carry it within them."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "static"
"""Files that may be served to anybody."""


def stylesheet() -> str:
    """Return the style sheet as text."""
    return (FOLDER / "surveil.css").read_text(encoding="utf-8")
