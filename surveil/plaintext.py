"""Text for a terminal or a log: what it holds is shown, never obeyed.

Names and texts come from files, cameras, receivers and streams that others write to. A control
character in them could forge lines, move the cursor, or turn the rest of a line around.
"""

from __future__ import annotations

import re

_UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and line feed, delete, C1
    "\u2028\u2029"  # separators of lines and paragraphs
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions of text (Trojan Source)
    "\ud800-\udfff"  # lone surrogates, which no encoding takes
)
UNSAFE = re.compile(f"[{_UNSAFE}\t\n]")
"""Characters that have no place in a name or in a text of one line."""

UNSAFE_IN_LINES = re.compile(f"[{_UNSAFE}]")
"""The same for a text of several lines, in which line feeds and tabs are meant."""


def escape(text: str, *, keep_lines: bool = False) -> str:
    r"""Return the text with each unsafe character as its escape: ``\n``, ``\x9b``, ``\u202e``.

    Args:
        text: Anything; what is safe stays as it is, in any script.
        keep_lines: Leave line feeds and tabs alone.
    """
    unsafe = UNSAFE_IN_LINES if keep_lines else UNSAFE
    return unsafe.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def is_plain(text: str, *, keep_lines: bool = False) -> bool:
    """Return whether :func:`escape` would change nothing."""
    return not (UNSAFE_IN_LINES if keep_lines else UNSAFE).search(text)
