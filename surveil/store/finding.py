"""What a check of the database found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: which check found it, and where."""

    check: str
    detail: str
