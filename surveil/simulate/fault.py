"""Faults on demand: what goes wrong with a simulated camera, from when and for how long."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from surveil.errors import ConfigError

MAX_SCHEDULED = 1000
"""Faults one camera remembers; the oldest is forgotten beyond."""


class Fault(StrEnum):
    """What a camera can be made to do wrong."""

    REFUSE = "refuse"
    """Connections end at once; new ones too. While all cameras of a server refuse, its port is
    closed, so that clients see "connection refused"."""
    STALL = "stall"
    """No more pictures; the connection stays open and answers requests."""
    DROP = "drop"
    """Playing connections are reset; clients may come back, and are cut again while it lasts."""
    GARBAGE = "garbage"
    """RTP payloads hold noise behind their first two bytes."""
    RESIZE = "resize"
    """Pictures of another size, with their own parameter sets in band."""
    FREEZE = "freeze"
    """The same picture again and again, with moving timestamps."""
    AUTH = "auth"
    """Every request is answered 401, as after a change of password; playing goes on."""
    LOSS = "loss"
    """RTP packets vanish with the probability ``value`` (UDP and TCP alike)."""
    GAP = "gap"
    """Pictures vanish while sequence numbers and timestamps go on, as if a network lost them."""


_DEFAULT_DURATION_S = 5.0
_DEFAULT_DROP_S = 0.2
_DEFAULT_LOSS = 0.05

_NUMBER = r"\d+(?:\.\d+)?"
_SPEC = re.compile(
    rf"(?P<stream>[^:]+):(?P<fault>[a-z]+)(?:=(?P<value>{_NUMBER}))?"
    rf"(?:@(?P<start>{_NUMBER})s?)?(?:\+(?P<duration>{_NUMBER})s?)?"
    rf"(?:\s+every\s+(?P<every>{_NUMBER})s?)?"
)


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """A fault in a camera's time, in seconds since the server's start.

    Attributes:
        duration_s: May be infinite.
        every_s: Repeats with this period; ``None`` for once.
        value: Probability of loss, 0..1, for ``LOSS``; unused otherwise.
    """

    fault: Fault
    start_s: float
    duration_s: float
    every_s: float | None = None
    value: float = _DEFAULT_LOSS

    def is_active(self, at_s: float) -> bool:
        """Return whether the fault is on at ``at_s``; its end is exclusive."""
        since_s = at_s - self.start_s
        if since_s < 0:
            return False
        if self.every_s is not None:
            since_s %= self.every_s
        return since_s < self.duration_s

    def is_over(self, at_s: float) -> bool:
        """Return whether the fault will never be on again."""
        return self.every_s is None and at_s >= self.start_s + self.duration_s


class FaultPlan:
    """The faults of one camera. Not thread-safe: used on the server's event loop alone."""

    def __init__(self) -> None:
        self._scheduled: list[ScheduledFault] = []

    def add(self, fault: ScheduledFault, *, now_s: float) -> None:
        """Schedule a fault and forget those that are over."""
        self._scheduled = [one for one in self._scheduled if not one.is_over(now_s)]
        self._scheduled.append(fault)
        del self._scheduled[:-MAX_SCHEDULED]

    def clear(self) -> None:
        """End every fault, scheduled ones included."""
        self._scheduled.clear()

    def active(self, at_s: float) -> dict[Fault, ScheduledFault]:
        """Return the faults that are on at ``at_s``; the latest added wins within one kind."""
        return {one.fault: one for one in self._scheduled if one.is_active(at_s)}


def default_duration_s(fault: Fault) -> float:
    """Return how long a fault lasts where nothing is said."""
    return _DEFAULT_DROP_S if fault is Fault.DROP else _DEFAULT_DURATION_S


def parse_fault(text: str) -> tuple[str, ScheduledFault]:
    """Read ``STREAM:FAULT[=VALUE][@START][+DURATION][ every PERIOD]``, times in seconds.

    ``lobby:stall@10+5 every 30s`` stalls at second 10 for 5 s, then at 40, 70 …; ``*`` means every
    stream. Without ``@START`` the fault starts at 0.

    Returns:
        The stream's name, and the fault.

    Raises:
        ConfigError: The text is not of that form, names no fault, or a value is out of range.
    """
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"fault {text!r}: expected STREAM:FAULT[=VALUE][@START][+DURATION][ every PERIOD], "
            "such as lobby:stall@10+5"
        )
    try:
        fault = Fault(match["fault"])
    except ValueError:
        known = ", ".join(Fault)
        raise ConfigError(f"fault {text!r}: no fault {match['fault']!r}; one of {known}") from None
    every_s = None if match["every"] is None else float(match["every"])
    value = _DEFAULT_LOSS if match["value"] is None else float(match["value"])
    duration_s = (
        default_duration_s(fault) if match["duration"] is None else float(match["duration"])
    )
    if every_s is not None and every_s <= 0:
        raise ConfigError(f"fault {text!r}: the period must be above 0")
    if fault is Fault.LOSS and not 0 <= value <= 1:
        raise ConfigError(f"fault {text!r}: loss is a probability, 0 to 1")
    if duration_s == 0:
        duration_s = math.inf
    return match["stream"], ScheduledFault(
        fault, float(match["start"] or 0), duration_s, every_s, value
    )
