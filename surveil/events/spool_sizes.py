"""How much a spool holds. Apart from the spool, so that the configuration loads no log for it."""

from __future__ import annotations

MAX_BYTES = 1 << 30
"""What a spool holds at most, unless the fleet file says otherwise."""

RESERVE = 1.1
"""Camera events may fill the spool up to this many times its limit."""

ENTRY_OVERHEAD_BYTES = 150
"""What a row and its index cost beside the event's JSON."""
